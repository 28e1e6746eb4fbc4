# Runtime of pretraining: by iterations, no validation. Moving-average teachers, where a method has one,
# follow their student; student.pth and what else the method exports are written at the end.
_base_ = ['./training.py']

default_hooks = dict(checkpoint=dict(by_epoch=False, interval=5000))
custom_hooks = [
    dict(type='MomentumTeacherHook'),
    dict(type='CollapseHook', interval=50),
    dict(type='ExportHook'),
]
log_processor = dict(by_epoch=False)
randomness = dict(seed=0)
