# 60,000 iterations with AdamW, rates and warm-up of Swin3D on ScanNet (arXiv 2304.06906)
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=0.006, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.1)}),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6 / 0.006, by_epoch=False, begin=0, end=3000),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=3000, end=60000, T_max=57000),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=60000)
