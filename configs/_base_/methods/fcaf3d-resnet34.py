# FCAF3D on a sparse ResNet34, as published
_base_ = [
    '../backbones/sparse-resnet34.py',
    '../heads/fcaf3d.py',
    '../schedules/adamw-steps-det_12e.py',
]

model = dict(
    data_preprocessor=_base_.inputs,
    backbone=_base_.encoder,
    bbox_head=dict(in_channels=_base_.encoder.channels),
)
