# Masked Scene Contrast with Swin3D-S and its decoder as the student; AdamW as for Swin3D elsewhere (the
# released SGD is for a convolutional student)
_base_ = [
    '../../_base_/datasets/scannet-mixed-crops.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/masked-scene-contrast.py',
    '../../_base_/schedules/adamw-cosine_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=_base_.encoder,
    neck=_base_.decoder,
    reconstruction=dict(color=dict(in_channels=_base_.width)),
)
