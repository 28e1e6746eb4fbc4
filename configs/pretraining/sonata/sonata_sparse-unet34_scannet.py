# Sonata with the encoder of SR-UNet34 on ScanNet, whose three coarsest levels are 64, 128 and 256 wide
_base_ = [
    '../../_base_/datasets/scannet-multi-crops.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/heads/sonata.py',
    '../../_base_/schedules/sonata-onecycle_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=dict(_base_.encoder, **_base_.encoder_alone),
    head=dict(in_channels=448),
)
custom_hooks = [*_base_.custom_hooks, *_base_.value_schedules]
