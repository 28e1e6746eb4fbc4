# TR3D on a sparse ResNet34 on SUN RGB-D, as published: 67.1 / 50.4 mAP@.25 / .5 at best of five runs, 66.3 /
# 49.6 in the median (README of projects/TR3D of mmdetection3d)
_base_ = [
    '../_base_/datasets/sunrgbd-det-samples.py',
    '../_base_/backbones/sparse-resnet34.py',
    '../_base_/heads/tr3d.py',
    '../_base_/schedules/adamw-steps-det_12e.py',
]

train_dataloader = dict(
    batch_size=16,  # on one GPU
    dataset=dict(times=5, dataset=dict(filter_empty_gt=False)),
)
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=dict(_base_.encoder, **_base_.resnet34_levels),
    neck=dict(in_channels=_base_.resnet34_levels.channels),
    bbox_head=dict(label2level=[1, 1, 1, 0, 0, 1, 0, 0, 1, 0], bbox_coder=dict(type='MobiusBoxCoder')),
)
