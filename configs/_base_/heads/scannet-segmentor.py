# Segmentation of ScanNet with frames by Swin3D-S, for objectives beside labels; the model is that of
# swin3d-small_scannet-seg.py
_base_ = ['../datasets/scannet-frames-seg.py', '../backbones/swin3d-small.py']

segmentor = dict(
    type='VoxelSegmentor',
    # y up, as swin3d-small_scannet-seg.py
    data_preprocessor=dict(
        type='VoxelPreprocessor', voxel_size=_base_.voxel_size, axes=(0, 2, 1), **_base_.inputs
    ),
    **_base_.network,
    decode_head=dict(type='VoxelSegHead', in_channels=_base_.width, num_classes=20),
    test_cfg=dict(mode='chunks', chunk_size=4.0, max_voxels=400000),
)
