# PPKT with Swin3D-S and its decoder as the student; AdamW as for Swin3D elsewhere (the paper's SGD is for a
# convolutional student)
_base_ = [
    '../_base_/datasets/scannet-frames.py',
    '../_base_/models/ppkt_resnet50.py',
    '../_base_/pretrain_runtime.py',
]

signals = ('xyz', 'rgb')
sizes = dict(
    channels=[48, 96, 192, 384, 384],
    num_heads=[6, 6, 12, 24, 24],
    window_sizes=[5, 7, 7, 7, 7],
    quant_size=4,
    signals=signals,
)
model = dict(
    data_preprocessor=dict(
        type='ViewPreprocessor', voxel_size=0.025, features=('rgb', 'offset'), signals=signals
    ),
    backbone=dict(
        type='Swin3D',
        in_channels=6,
        depths=[2, 4, 9, 4, 4],
        down_stride=3,
        knn_down=True,
        stem_transformer=True,
        drop_path_rate=0.3,
        **sizes,
    ),
    neck=dict(type='Swin3DDecoder', attention=True, up_k=3, **sizes),
    point_head=dict(type='ProjectionHead', in_channels=48, out_channels=128),
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
