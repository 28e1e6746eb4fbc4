# LGround (release, config/config.py): SGD 0.05, weight decay 1e-4, 0.3 times the rate after 120 and after 150
# of 400 epochs
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.05, momentum=0.9, dampening=0.1, weight_decay=1e-4),
)
param_scheduler = [dict(type='MultiStepLR', by_epoch=True, milestones=[120, 150], gamma=0.3)]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=400, val_interval=10)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
