# 600 steps of the tiny Swin3D on generated rooms, as many as PPKT's, by labels
_base_ = ['./rooms-seg_1400i.py']

param_scheduler = [dict(_base_.rise, end=50), dict(_base_.fall, begin=50, end=600, T_max=550)]
train_cfg = dict(max_iters=600, val_interval=600)
default_hooks = dict(checkpoint=dict(interval=600))
