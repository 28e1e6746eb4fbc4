# MM-3DScene with Swin3D-S on S3DIS, for 4 cm voxels as in the recipes of segmentation
_base_ = [
    '../../_base_/datasets/s3dis-clouds.py',
    '../../_base_/methods/mm-3dscene-swin3d-small.py',
    '../../_base_/schedules/adamw-steps_9550i.py',
]

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size), backbone=dict(down_stride=2))
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.1)}))  # as in all its recipes
