# C2P with Swin3D-S and its decoder on rooms of S3DIS; AdamW as for Swin3D elsewhere
_base_ = [
    '../../_base_/datasets/s3dis-partial-frames.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/c2p.py',
    '../../_base_/schedules/adamw-cosine_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=_base_.encoder,
    neck=_base_.decoder,
    matcher=dict(radius=1.5 * _base_.voxel_size),
    predictor=dict(in_channels=_base_.width, hidden_channels=4 * _base_.width),
)
