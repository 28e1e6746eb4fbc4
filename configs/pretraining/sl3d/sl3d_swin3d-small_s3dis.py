# SL3D with Swin3D-S and its decoder on rooms of S3DIS; AdamW as for Swin3D elsewhere
_base_ = [
    '../../_base_/datasets/s3dis-cells.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/sl3d.py',
    '../../_base_/schedules/adamw-cosine_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=_base_.encoder,
    neck=_base_.decoder,
    head=dict(in_channels=_base_.width, hidden_channels=512),
)
custom_hooks = [*_base_.custom_hooks, _base_.label_cells]
