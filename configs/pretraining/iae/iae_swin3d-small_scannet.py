# IAE with Swin3D-S on ScanNet; the volume has cells of 10 cm (the paper's have 9.4), over 6.4 x 6.4 x 3.2 m
_base_ = [
    '../../_base_/datasets/scannet-surfaces.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/iae.py',
    '../../_base_/schedules/adam-constant_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=_base_.encoder,
    neck=_base_.decoder,
    volume=dict(in_channels=_base_.width, cell=5, shape=(64, 64, 32)),
)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.1)}))  # as in all its recipes
