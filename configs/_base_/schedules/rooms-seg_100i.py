# 100 steps of an image network on few generated rooms
_base_ = ['./rooms-seg_1400i.py']

param_scheduler = [dict(_base_.rise, end=10), dict(_base_.fall, begin=10, end=100, T_max=90)]
train_cfg = dict(max_iters=100, val_interval=100)
default_hooks = dict(checkpoint=dict(interval=100))
