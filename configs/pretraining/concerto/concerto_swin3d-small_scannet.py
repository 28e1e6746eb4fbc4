# Concerto with the encoder of Swin3D-S on ScanNet
_base_ = [
    '../../_base_/datasets/scannet-frames-multi-crops.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/concerto-dinov2.py',
    '../../_base_/schedules/sonata-onecycle_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=_base_.encoder,
    head=dict(in_channels=sum(_base_.encoder.channels[2:])),
    image=dict(head=dict(in_channels=sum(_base_.encoder.channels[1:]))),
)
custom_hooks = [*_base_.custom_hooks, *_base_.value_schedules]
