# Fine-tuning on objects (cfgs/fine-tuning/*.yaml and tools/builder.py in github.com/ZrrSkywalker/I2P-MAE):
# warm-up of 10 epochs, a cosine of 300, tested once, at the end: the test set chooses no epoch
lr = 0.0005
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=lr, weight_decay=0.05),
    clip_grad=dict(max_norm=10, norm_type=2),
    paramwise_cfg=dict(bias_decay_mult=0.0, flat_decay_mult=0.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6 / lr, by_epoch=True, begin=0, end=10),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=10, end=300, T_max=290, eta_min=1e-6),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=300, val_interval=300)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
