# Masked Scene Contrast with Swin3D-S and its decoder on S3DIS; AdamW as for Swin3D elsewhere. Pairs lie
# within 1.5 voxels, as on ScanNet.
_base_ = [
    '../../_base_/datasets/s3dis-mixed-crops.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/masked-scene-contrast.py',
    '../../_base_/schedules/adamw-cosine_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=_base_.encoder,
    neck=_base_.decoder,
    matcher=dict(radius=1.5 * _base_.voxel_size),
    reconstruction=dict(color=dict(in_channels=_base_.width)),
)
