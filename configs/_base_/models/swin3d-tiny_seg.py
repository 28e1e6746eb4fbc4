# A Swin3D that trains on two CPU cores within minutes; for the generated rooms and for tests
signals = ('xyz', 'rgb')
sizes = dict(
    channels=[24, 48, 96, 96],
    num_heads=[3, 6, 12, 12],
    window_sizes=[5, 5, 5, 5],
    quant_size=4,
    signals=signals,
)
model = dict(
    type='VoxelSegmentor',
    data_preprocessor=dict(
        type='VoxelPreprocessor', voxel_size=0.06, features=('rgb', 'offset'), signals=signals
    ),
    backbone=dict(
        type='Swin3D',
        in_channels=6,
        depths=[1, 2, 2, 1],
        down_stride=2,
        drop_path_rate=0.1,
        out_indices=(0, 1, 2, 3),
        **sizes,
    ),
    neck=dict(type='Swin3DDecoder', attention=True, **sizes),
    decode_head=dict(type='VoxelSegHead', in_channels=24, num_classes=13),
)
