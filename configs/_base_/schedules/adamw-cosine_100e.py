# ScanNet and S3DIS-L recipe (Swin3D_Task yamls): AdamW, transformer blocks at a tenth of the rate,
# cosine per iteration after a linear warm-up. A config sets lr and the warm-up's iterations.
lr = 0.006
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=lr, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.1)}),
)
param_scheduler = [
    # warmup_iters 3000, from 1e-6 to lr; MMEngine's factor is relative, the blocks start at 1e-7
    dict(type='LinearLR', start_factor=1e-6 / lr, by_epoch=False, begin=0, end=3000),
    dict(
        type='CosineAnnealingLR', by_epoch=True, begin=0, T_max=100, eta_min=1e-6, convert_to_iter_based=True
    ),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
