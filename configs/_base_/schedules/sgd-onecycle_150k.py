# Ponder on ScanNet (release of PonderV2, pretrain-ponder-spunet-v1m1-0-base): SGD 0.002 with Nesterov's
# momentum, torch's OneCycleLR over 2,000 epochs of 2 x 1,201 scans in batches of 32. Up from a tenth in the
# first 5 %, down to a ten-thousandth of where it began, both along a cosine, while the momentum goes from
# 0.95 to 0.85 and back: the cycle replaces the optimiser's own 0.9.
peak_lr = 0.002
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=peak_lr / 10, momentum=0.95, nesterov=True, weight_decay=1e-4),
)
rise = dict(by_epoch=False, begin=0, end=7500, T_max=7500)
fall = dict(by_epoch=False, begin=7500, end=150000, T_max=142500)
param_scheduler = [
    dict(type='CosineAnnealingLR', eta_min_ratio=10.0, **rise),
    dict(type='CosineAnnealingLR', eta_min_ratio=1e-4, **fall),
    dict(type='CosineAnnealingMomentum', eta_min=0.85, **rise),
    dict(type='CosineAnnealingMomentum', eta_min=0.95, **fall),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=150000)
