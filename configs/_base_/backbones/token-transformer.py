# The encoder of Point-M2AE and I2P-MAE: 12.9 M weights with a classifier (cfgs/pre-training/i2p-mae.yaml in
# github.com/ZrrSkywalker/I2P-MAE)
encoder = dict(
    type='TokenTransformer',
    num_tokens=[512, 256, 64],
    group_sizes=[16, 8, 8],
    channels=[96, 192, 384],
    depths=[5, 5, 5],
    num_heads=6,
    drop_path_rate=0.1,
)
visible = 13 / 64  # tokens of the coarsest level: mask_ratio 0.8 hides int(0.8 * 64) = 51
decoder = dict(type='TokenDecoder', channels=[384, 192], depths=[1, 1], num_heads=6, drop_path_rate=0.1)
