# Schedule and runtime of FCAF3D on generated rooms in the layout of ScanNet, as long again as 1600 steps need
_base_ = ['./rooms-det_1600i.py']

param_scheduler = [_base_.rise, dict(_base_.fall, end=2000, T_max=1950)]
train_cfg = dict(max_iters=2000, val_interval=2000)
default_hooks = dict(checkpoint=dict(interval=2000))
