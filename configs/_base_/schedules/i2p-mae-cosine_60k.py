# AdamW 1e-3, weight decay 0.05, a warm-up of a thirtieth and one cosine to 1e-6 (I2P-MAE,
# cfgs/pre-training/i2p-mae.yaml: 10 and 300 epochs), for 60,000 iterations
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=0.001, weight_decay=0.05),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=2000),
    dict(type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=2000, end=60000, T_max=58000),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=60000)
