# A third as long, for methods whose steps take longer
_base_ = ['./pretrain-tiny_600i.py']

param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', eta_min_ratio=1e-3, by_epoch=False, begin=50, end=200, T_max=150),
]
train_cfg = dict(max_iters=200)
