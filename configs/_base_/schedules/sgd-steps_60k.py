# PointContrast (facebookresearch/PointContrast, its training script): SGD 0.1, momentum 0.8, weight decay
# 1e-4, 0.99 times the rate every 250 of 60,000 iterations
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.8, weight_decay=1e-4),
)
param_scheduler = [dict(type='StepLR', step_size=250, gamma=0.99, by_epoch=False, begin=0, end=60000)]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=60000)
