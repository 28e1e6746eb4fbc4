# Sonata (Pointcept, sonata/pretrain-sonata-v1m2-0-uni-teacher-head): AdamW 0.004, weight decay from 0.04 to
# 0.2 along a cosine, torch's OneCycleLR (up from a tenth in the first 5 %, down to a ten-thousandth), clipped
# at 3; for 60,000 iterations, and Swin3D's tenth of the rate for blocks in place of a decay by layers.
# mmengine's OneCycleLR gives every parameter group the same maximum, hence two cosines, which scale each
# group's own rate.
peak_lr = 0.004
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=peak_lr / 10, betas=(0.95, 0.999), weight_decay=0.04),
    paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.1)}),
    clip_grad=dict(max_norm=3.0),
)
rise = dict(by_epoch=False, begin=0, end=3000, T_max=3000)
fall = dict(by_epoch=False, begin=3000, end=60000, T_max=57000)
param_scheduler = [
    dict(type='CosineAnnealingLR', eta_min_ratio=10.0, **rise),
    dict(type='CosineAnnealingLR', eta_min_ratio=1e-3, **fall),
    dict(type='CosineAnnealingMomentum', eta_min=0.85, **rise),
    dict(type='CosineAnnealingMomentum', eta_min=0.95, **fall),
    dict(
        type='CosineAnnealingParamScheduler',
        param_name='weight_decay',
        eta_min=0.2,
        by_epoch=False,
        begin=0,
        end=60000,
        T_max=60000,
    ),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=60000)
