# The student of ACT: one level of tokens through twelve blocks, and two of the decoder
# (cfgs/pretrain/pretrain_act_distill.yaml in github.com/RunpeiDong/ACT)
encoder = dict(
    type='TokenTransformer',
    num_tokens=[64],
    group_sizes=[32],
    channels=[384],
    depths=[12],
    num_heads=6,
    local_radii=[0.0],
    drop_path_rate=0.1,
)
visible = 13 / 64  # mask_ratio 0.8 hides int(0.8 * 64) = 51
decoder = dict(type='TokenDecoder', channels=[384], depths=[2], num_heads=6, drop_path_rate=0.1)
