# PPKT with Swin3D-S and its decoder as the student; AdamW as for Swin3D elsewhere (the paper's SGD is for a
# convolutional student)
_base_ = [
    '../../_base_/datasets/scannet-frames.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/ppkt-resnet50.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=_base_.encoder,
    neck=_base_.decoder,
    point_head=dict(type='ProjectionHead', in_channels=_base_.width, out_channels=128),
)
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='TrainableParamsOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=0.006, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.1)}),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6 / 0.006, by_epoch=False, begin=0, end=3000),
    dict(type='CosineAnnealingLR', by_epoch=False, begin=3000, end=60000, T_max=57000),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=60000)
