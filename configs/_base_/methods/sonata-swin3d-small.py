# Sonata with the encoder of Swin3D-S
_base_ = [
    '../backbones/swin3d-small.py',
    '../heads/sonata.py',
    '../schedules/sonata-onecycle_60k.py',
    '../runtime/pretraining.py',
]

model = dict(
    data_preprocessor=_base_.inputs,
    backbone=_base_.encoder,
    head=dict(in_channels=sum(_base_.encoder.channels[2:])),
)
custom_hooks = [*_base_.custom_hooks, *_base_.value_schedules]
