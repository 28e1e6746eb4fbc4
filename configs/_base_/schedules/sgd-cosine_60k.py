# PPKT (arXiv 2104.04687, section 4.1): SGD 0.5, weight decay 1e-4, 60,000 iterations. Momentum, dampening and
# the cosine are those of valeoai/SLidR's version; the paper does not state them.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.5, momentum=0.9, dampening=0.1, weight_decay=1e-4),
)
param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=False, begin=0, end=60000, T_max=60000)]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=60000)
