# MM-3DScene with Swin3D-S on ScanNet
_base_ = [
    '../../_base_/datasets/scannet-clouds.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/mm-3dscene.py',
    '../../_base_/schedules/adamw-steps_45000i.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=_base_.encoder,
    neck=_base_.decoder,
    channels=_base_.sizes['channels'],
)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.1)}))  # as in all its recipes
