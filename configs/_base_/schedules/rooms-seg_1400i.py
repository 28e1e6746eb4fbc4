# Schedule and runtime of the tiny Swin3D on generated rooms: some minutes on two CPU cores
_base_ = ['../runtime/default.py']

optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=0.006, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.25)}),
)
rise = dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=100)
fall = dict(type='CosineAnnealingLR', eta_min_ratio=1e-3, by_epoch=False, begin=100, end=1400, T_max=1300)
param_scheduler = [rise, fall]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=1400, val_interval=1400)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=1400))
log_processor = dict(by_epoch=False)
