# The student of ACT on ShapeNet-55 (cfgs/pretrain/pretrain_act_distill.yaml and tools/builder.py in
# github.com/RunpeiDong/ACT): batches of 128, 409 an epoch; warm-up of 10 epochs, a cosine over 300. The
# original steps once an epoch and begins its cosine with the warm-up.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=0.001, weight_decay=0.05),
    paramwise_cfg=dict(
        bias_decay_mult=0.0,
        flat_decay_mult=0.0,
        custom_keys={'mask_token': dict(lr_mult=1.0, decay_mult=0.0)},
    ),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=4090),
    dict(type='CosineAnnealingLR', eta_min=1e-7, by_epoch=False, begin=4090, end=122700, T_max=118610),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=122700)
