# IAE with Swin3D-S on S3DIS; the volume has cells of 12 cm, over 11.5 x 11.5 x 3.8 m
_base_ = [
    '../../_base_/datasets/s3dis-surfaces.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/iae.py',
    '../../_base_/schedules/adam-constant_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=dict(_base_.encoder, down_stride=2),
    neck=_base_.decoder,
    volume=dict(in_channels=_base_.width, cell=3, shape=(96, 96, 32)),
)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.1)}))  # as in all its recipes
