# Pri3D's release: SGD 0.1, momentum 0.9, dampening 0.1, no weight decay, polynomial decay a step. It trains
# for five epochs of pairs; 60,000 iterations are those of PPKT.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, dampening=0.1, weight_decay=0.0),
)
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0, by_epoch=False, begin=0, end=60000)]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=60000)
