# The encoder of detectors that train on two CPU cores within minutes, on colours; for the generated rooms and
# for tests
signals = ('xyz', 'rgb')
inputs = dict(features=('rgb', 'offset'), signals=signals)
encoder = dict(
    type='Swin3D',
    in_channels=6,
    channels=[16, 32, 48, 64],
    depths=[1, 1, 2, 2],
    num_heads=[2, 4, 6, 8],
    window_sizes=[5, 5, 5, 5],
    quant_size=4,
    signals=signals,
    down_stride=2,
    stem_transformer=False,
    drop_path_rate=0.1,
    out_indices=(0, 1, 2, 3),
)
