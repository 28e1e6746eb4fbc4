# Segmentation of generated rooms with frames by the tiny Swin3D, for objectives beside labels; the model is
# that of swin3d-tiny_rooms-seg.py
_base_ = ['../datasets/rooms-frames-seg.py', '../backbones/swin3d-tiny.py']

segmentor = dict(
    type='VoxelSegmentor',
    data_preprocessor=dict(type='VoxelPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    decode_head=dict(
        type='VoxelSegHead',
        in_channels=_base_.width,
        num_classes=13,
        loss_decode=dict(
            type='mmdet.CrossEntropyLoss', avg_non_ignore=True, class_weight=_base_.class_weight
        ),
    ),
    test_cfg=dict(mode='chunks', chunk_size=4.0, max_voxels=400000),
)
