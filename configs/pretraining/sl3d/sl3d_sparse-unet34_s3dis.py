# SL3D with SR-UNet34 on rooms of S3DIS; SGD as for this network in PointContrast
_base_ = [
    '../../_base_/datasets/s3dis-cells.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/heads/sl3d.py',
    '../../_base_/schedules/sgd-steps_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=_base_.encoder,
    head=dict(in_channels=_base_.width, hidden_channels=512),
)
custom_hooks = [*_base_.custom_hooks, _base_.label_cells]
