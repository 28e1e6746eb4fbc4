# TR3D on Swin3D-S from Structured3D weights
_base_ = [
    '../backbones/swin3d-small.py',
    '../heads/tr3d.py',
    '../schedules/adamw-steps-det_12e.py',
]

model = dict(
    data_preprocessor=_base_.inputs,
    backbone=dict(_base_.encoder, **_base_.swin3d_levels, init_cfg=_base_.z_up_weights),
    neck=dict(in_channels=_base_.encoder.channels[1:]),
)
