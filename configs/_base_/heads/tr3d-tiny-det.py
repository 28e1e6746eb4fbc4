# TR3D on the tiny Swin3D of detectors: 8, 16, 32 and 64 cm
_base_ = ['../backbones/swin3d-tiny-det.py', './tr3d-tiny.py']

model = dict(
    data_preprocessor=dict(voxel_size=0.08, **_base_.inputs),
    backbone=_base_.encoder,
    neck=dict(in_channels=_base_.encoder.channels),
)
