# Point prompt training of Swin3D-tiny on the three generated domains, minutes on two CPU cores
_base_ = [
    '../../_base_/datasets/rooms-trio-seg.py',
    '../../_base_/backbones/swin3d-tiny.py',
    '../../_base_/default_runtime.py',
]

conditions = ['Structured3D', 'ScanNet', 'S3DIS']
model = dict(
    type='PPT',
    conditions=conditions,
    norms='both',
    model=dict(
        type='VoxelSegmentor',
        data_preprocessor=dict(type='VoxelPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
        backbone=_base_.encoder,
        neck=_base_.decoder,
        decode_head=dict(
            type='LanguageAlignedHead',
            in_channels=_base_.width,
            text_table='indoor36_all-minilm-l6-v2.npz',
            logit_scale=25.0,  # MiniLM's names lie farther apart than CLIP's, whose scale is 100
            class_names={name: name for name in conditions},
        ),
    ),
)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.006, weight_decay=0.05),
    paramwise_cfg=dict(
        custom_keys={
            '.blocks.': dict(lr_mult=0.25),
            # Adam moves a scale by a step from each of the embedding's 256 entries at once
            '.modulation.': dict(lr_mult=0.01),
        }
    ),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=100),
    dict(type='CosineAnnealingLR', eta_min_ratio=1e-3, by_epoch=False, begin=100, end=900, T_max=800),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=900, val_interval=900)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=900, save_best='mean/miou'))
custom_hooks = [dict(type='ConditionLossHook'), dict(type='ExportHook')]
log_processor = dict(by_epoch=False)
