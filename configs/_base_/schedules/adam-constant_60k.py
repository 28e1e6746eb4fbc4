# IAE (release, train.py): Adam at 1e-4 throughout. It trains until it is stopped; 60,000 steps are ours.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='Adam', lr=1e-4),
)
param_scheduler = []
train_cfg = dict(type='IterBasedTrainLoop', max_iters=60000)
