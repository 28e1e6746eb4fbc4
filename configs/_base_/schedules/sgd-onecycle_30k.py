# Masked Scene Contrast (Pointcept, scannet/pretrain-msc-v1m1-0-spunet-base): SGD 0.1 with Nesterov's
# momentum, torch's OneCycleLR over 600 passes through ScanNet's 1,613 scans in batches of 32. Up from a tenth
# in the first 1 %, down to a ten-thousandth of where it began, both along a cosine, while the momentum goes
# from 0.95 to 0.85 and back: the cycle replaces the optimiser's own 0.8.
peak_lr = 0.1
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=peak_lr / 10, momentum=0.95, nesterov=True, weight_decay=1e-4),
)
rise = dict(by_epoch=False, begin=0, end=300, T_max=300)
fall = dict(by_epoch=False, begin=300, end=30000, T_max=29700)
param_scheduler = [
    dict(type='CosineAnnealingLR', eta_min_ratio=10.0, **rise),
    dict(type='CosineAnnealingLR', eta_min_ratio=1e-4, **fall),
    dict(type='CosineAnnealingMomentum', eta_min=0.85, **rise),
    dict(type='CosineAnnealingMomentum', eta_min=0.95, **fall),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=30000)
