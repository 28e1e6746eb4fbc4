# AdamW, 12 epochs, steps at 8 and 11, blocks at a tenth of the rate: FCAF3D and TR3D, and Swin3D_Task with
# FCAF3D (ObjectDet/FCAF3D; github.com/Yukichiii/Swin3D_Task)
_base_ = ['../runtime/default.py']

optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=0.001, weight_decay=0.0001),
    paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.1)}),
    clip_grad=dict(max_norm=10, norm_type=2),
)
param_scheduler = [dict(type='MultiStepLR', begin=0, end=12, by_epoch=True, milestones=[8, 11], gamma=0.1)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=12, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(checkpoint=dict(save_best='mAP_0.25'))
custom_hooks = [dict(type='EmptyCacheHook', after_iter=True)]
find_unused_parameters = True  # a level without sites leaves its layers out
