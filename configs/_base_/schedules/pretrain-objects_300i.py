# The published rates, for some minutes on a CPU: one cosine
_base_ = ['./adamw-cosine-objects_196500i.py']

param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=30),
    dict(type='CosineAnnealingLR', eta_min_ratio=1e-3, by_epoch=False, begin=30, end=300, T_max=270),
]
train_cfg = dict(max_iters=300)
