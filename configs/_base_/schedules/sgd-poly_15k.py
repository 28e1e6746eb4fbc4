# PPKT's fine-tuning (arXiv 2104.04687, section 4.2: 15,000 iterations); SGD 0.1 and polynomial decay as
# PointContrast
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, dampening=0.1, weight_decay=1e-4),
)
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0, by_epoch=False, begin=0, end=15000)]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=15000, val_interval=5000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
