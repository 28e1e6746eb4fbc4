# Schedule and runtime of pretraining on a CPU, a few minutes: AdamW with the rates of the tiny Swin3D, one
# cosine
_base_ = ['../runtime/pretraining.py']

optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=0.003, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.25)}),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', eta_min_ratio=1e-3, by_epoch=False, begin=50, end=600, T_max=550),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=600)
