# A token transformer that trains on one CPU core within minutes
encoder = dict(
    type='TokenTransformer',
    num_tokens=[256, 128, 32],
    group_sizes=[16, 8, 8],
    channels=[48, 96, 192],
    depths=[1, 1, 2],
    num_heads=4,
    stem_channels=[32, 64],
    drop_path_rate=0.05,
)
visible = 7 / 32
decoder = dict(type='TokenDecoder', channels=[192, 96], depths=[1, 1], num_heads=4, drop_path_rate=0.05)
