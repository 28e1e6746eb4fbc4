# A Swin3D that trains on two CPU cores within minutes; for the generated rooms and for tests. The finest
# level is convolutional and the decoder has no attention: most blocks work where voxels are few.
signals = ('xyz', 'rgb', 'normal')
sizes = dict(
    channels=[32, 64, 128, 192, 256],
    num_heads=[4, 8, 8, 12, 16],
    window_sizes=[5, 5, 7, 7, 7],
    quant_size=4,
    signals=signals,
)
model = dict(
    type='VoxelSegmentor',
    data_preprocessor=dict(
        type='VoxelPreprocessor',
        voxel_size=0.1,
        features=('rgb', 'normal', 'offset'),
        signals=signals,
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
    decode_head=dict(type='VoxelSegHead', in_channels=32, num_classes=13),
    # large scenes: the same labels for less memory
    test_cfg=dict(mode='chunks', chunk_size=4.0, max_voxels=400000),
)
