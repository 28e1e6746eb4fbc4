# TR3D on the tiny Swin3D that generated rooms pretrain: 10, 20, 40 and 80 cm; boxes come from 20 and 40 cm
_base_ = ['../backbones/swin3d-tiny.py', './tr3d-tiny.py']

model = dict(
    data_preprocessor=dict(voxel_size=0.1, **_base_.inputs),
    backbone=dict(_base_.encoder, out_indices=(0, 1, 2, 3)),
    neck=dict(in_channels=_base_.encoder.channels[:4]),
)
