# A few minutes on a CPU with an image network, which learns at a tenth of the rate
_base_ = ['./pretrain-tiny_600i.py']

optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'image.backbone.': dict(lr_mult=0.1)}))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', eta_min_ratio=1e-3, by_epoch=False, begin=50, end=200, T_max=150),
]
train_cfg = dict(max_iters=200)
