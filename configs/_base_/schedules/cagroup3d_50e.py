# CAGroup3D on Swin3D (Swin3D_Task): AdamW, one rate for all layers, steps at 35 and 45
_base_ = ['../runtime/default.py']

optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=0.001, weight_decay=0.0001),
    clip_grad=dict(max_norm=10, norm_type=2),
)
param_scheduler = [dict(type='MultiStepLR', by_epoch=True, milestones=[35, 45], gamma=0.1)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=50, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
custom_hooks = [dict(type='SemanticThresholdHook', start=0.15, step=0.02, minimum=0.05)]
default_hooks = dict(checkpoint=dict(save_best='mAP_0.25'))
