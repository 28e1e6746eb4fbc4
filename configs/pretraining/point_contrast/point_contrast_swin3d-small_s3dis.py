# PointContrast with Swin3D-S and its decoder on crops of the rooms of S3DIS; AdamW as for Swin3D elsewhere
_base_ = [
    '../../_base_/datasets/s3dis-crops.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/point-contrast.py',
    '../../_base_/schedules/adamw-cosine_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=_base_.encoder,
    neck=_base_.decoder,
    head=dict(in_channels=_base_.width),
    matcher=dict(radius=1.5 * _base_.voxel_size),
)
