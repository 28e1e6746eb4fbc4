# Structured3D pretraining. The original's hyper-parameters are not in any released code; this is the
# schedule of the aligned recipe of Pointcept (its issue 49; structured3d/semseg-swin3d-v1m1-0-small): AdamW
# 0.008, blocks at a tenth, torch's OneCycleLR over 100 epochs. Up from a tenth in the first 5 %, down to a
# thousandth of where it began, both along a cosine, while the momentum (Adam's first beta) does the reverse.
# mmengine's OneCycleLR gives every parameter group the same maximum and would undo the blocks' tenth, hence
# two cosines, which scale each group's own rate.
peak_lr = 0.008
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=peak_lr / 10, betas=(0.95, 0.999), weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.1)}),
)
rise = dict(by_epoch=True, begin=0, end=5, T_max=5, convert_to_iter_based=True)
fall = dict(by_epoch=True, begin=5, end=100, T_max=95, convert_to_iter_based=True)
param_scheduler = [
    dict(type='CosineAnnealingLR', eta_min_ratio=10.0, **rise),
    dict(type='CosineAnnealingLR', eta_min_ratio=1e-3, **fall),
    dict(type='CosineAnnealingMomentum', eta_min=0.85, **rise),
    dict(type='CosineAnnealingMomentum', eta_min=0.95, **fall),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
