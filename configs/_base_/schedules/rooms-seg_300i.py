# 300 steps of the tiny Swin3D on few generated rooms
_base_ = ['./rooms-seg_1400i.py']

param_scheduler = [dict(_base_.rise, end=30), dict(_base_.fall, begin=30, end=300, T_max=270)]
train_cfg = dict(max_iters=300, val_interval=300)
default_hooks = dict(checkpoint=dict(interval=300))
