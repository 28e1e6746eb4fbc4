# MM-3DScene with Swin3D-S on ScanNet
_base_ = [
    '../../_base_/datasets/scannet-clouds.py',
    '../../_base_/methods/mm-3dscene-swin3d-small.py',
    '../../_base_/schedules/adamw-steps_45000i.py',
]

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.1)}))  # as in all its recipes
