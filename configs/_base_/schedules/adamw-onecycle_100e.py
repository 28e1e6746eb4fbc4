# Structured3D pretraining. The original's hyper-parameters are not in any released code; this is the
# schedule of the aligned recipe of Pointcept (its issue 49): AdamW 0.008, blocks at a tenth, one cycle over
# 100 epochs (5 % up from a tenth, then cosine down to a ten-thousandth). mmengine's OneCycleLR gives every
# parameter group the same maximum and would undo the blocks' tenth, hence two schedulers that scale each
# group's own rate.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.008, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.1)}),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=5, convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR',
        eta_min_ratio=1e-4,
        by_epoch=True,
        begin=5,
        end=100,
        T_max=95,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
