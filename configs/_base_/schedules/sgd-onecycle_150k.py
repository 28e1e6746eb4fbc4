# Ponder on ScanNet (release of PonderV2, pretrain-ponder-spunet-v1m1-0-base): SGD 0.002 with Nesterov's
# momentum, torch's OneCycleLR over 2,000 epochs of 2 x 1,201 scans in batches of 32. Up from a tenth in the
# first 5 %, down to a ten-thousandth of where it began, both along a cosine, while the momentum goes from
# 0.95 to 0.85 and back: the cycle replaces the optimiser's own 0.9.
_base_ = ['./sgd-onecycle_30k.py']

peak_lr = 0.002
optim_wrapper = dict(optimizer=dict(lr=peak_lr / 10))
rise = dict(end=7500, T_max=7500)
fall = dict(begin=7500, end=150000, T_max=142500)
param_scheduler = [dict(step, **(fall if step.begin else rise)) for step in _base_.param_scheduler]
train_cfg = dict(max_iters=150000)
