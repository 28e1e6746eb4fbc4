# Schedule and runtime of detectors on generated rooms: some minutes on two CPU cores
_base_ = ['../runtime/default.py']

optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=0.006, weight_decay=0.01),
    clip_grad=dict(max_norm=10, norm_type=2),
)
rise = dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50)
fall = dict(type='CosineAnnealingLR', eta_min_ratio=1e-2, by_epoch=False, begin=50, end=1600, T_max=1550)
param_scheduler = [rise, fall]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=1600, val_interval=1600)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(
    checkpoint=dict(by_epoch=False, interval=1600, save_best='mAP_0.25', rule='greater'),
)
log_processor = dict(by_epoch=False)
