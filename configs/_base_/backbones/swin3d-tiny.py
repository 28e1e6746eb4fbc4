# A Swin3D that trains on two CPU cores within minutes, on colours and normals; for the generated rooms and
# for tests. The finest level is convolutional and the decoder has no attention: most blocks work where voxels
# are few.
signals = ('xyz', 'rgb', 'normal')
inputs = dict(features=('rgb', 'normal', 'offset'), signals=signals)
sizes = dict(
    channels=[32, 64, 128, 192, 256],
    num_heads=[4, 8, 8, 12, 16],
    window_sizes=[5, 5, 7, 7, 7],
    quant_size=4,
    signals=signals,
)
encoder = dict(
    type='Swin3D',
    in_channels=9,
    depths=[1, 2, 4, 4, 2],
    down_stride=2,
    stem_transformer=False,
    drop_path_rate=0.1,
    **sizes,
)
decoder = dict(type='Swin3DDecoder', attention=False, **sizes)
network = dict(backbone=encoder, neck=decoder)
width = 32  # of the decoder's finest level
