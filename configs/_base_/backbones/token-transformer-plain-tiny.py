# One level of tokens that trains on one CPU core within minutes
encoder = dict(
    type='TokenTransformer',
    num_tokens=[32],
    group_sizes=[32],
    channels=[96],
    depths=[4],
    num_heads=4,
    local_radii=[0.0],
    stem_channels=[32, 64],
    drop_path_rate=0.05,
)
visible = 7 / 32
decoder = dict(type='TokenDecoder', channels=[96], depths=[1], num_heads=4, drop_path_rate=0.05)
