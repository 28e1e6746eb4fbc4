# The autoencoder of ACT on ShapeNet-55 (cfgs/autoencoder/*.yaml and tools/builder.py in
# github.com/RunpeiDong/ACT): batches of 64, 655 an epoch; warm-up of 10 epochs, a cosine over 300. The
# original steps once an epoch and begins its cosine with the warm-up; its file names a clipping of 10, which
# no code does.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=0.0005, weight_decay=0.0005),
    paramwise_cfg=dict(
        bias_decay_mult=0.0, flat_decay_mult=0.0, custom_keys={'prompts': dict(lr_mult=1.0, decay_mult=0.0)}
    ),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=2e-3, by_epoch=False, begin=0, end=6550),
    dict(type='CosineAnnealingLR', eta_min=1e-7, by_epoch=False, begin=6550, end=196500, T_max=189950),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=196500)
