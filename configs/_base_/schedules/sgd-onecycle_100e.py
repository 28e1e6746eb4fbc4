# PPT with the sparse U-Net (Pointcept, s3dis/semseg-ppt-v1m1-0-s3-sc-st-spunet): SGD 0.05 with Nesterov's
# momentum, torch's OneCycleLR over 100 epochs. Up from a tenth in the first 5 %, down to a ten-thousandth of
# where it began, both along a cosine, while the momentum goes from 0.95 to 0.85 and back.
peak_lr = 0.05
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=peak_lr / 10, momentum=0.95, nesterov=True, weight_decay=1e-4),
)
rise = dict(by_epoch=True, begin=0, end=5, T_max=5, convert_to_iter_based=True)
fall = dict(by_epoch=True, begin=5, end=100, T_max=95, convert_to_iter_based=True)
param_scheduler = [
    dict(type='CosineAnnealingLR', eta_min_ratio=10.0, **rise),
    dict(type='CosineAnnealingLR', eta_min_ratio=1e-4, **fall),
    dict(type='CosineAnnealingMomentum', eta_min=0.85, **rise),
    dict(type='CosineAnnealingMomentum', eta_min=0.95, **fall),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
