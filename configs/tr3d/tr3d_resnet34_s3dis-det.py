# TR3D on a sparse ResNet34 on S3DIS, as published: 74.5 / 51.7 mAP@.25 / .5 at best of five runs, 72.1 /
# 47.6 in the mean (README of samsunglabs/tr3d)
_base_ = [
    '../_base_/datasets/s3dis-det-samples.py',
    '../_base_/backbones/sparse-resnet34.py',
    '../_base_/heads/tr3d.py',
    '../_base_/schedules/adamw-steps-det_12e.py',
]

train_dataloader = dict(
    batch_size=16,  # on one GPU
    dataset=dict(dataset=dict(datasets={{_base_.tr3d_train_sets}})),
)
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=dict(_base_.encoder, **_base_.resnet34_levels),
    neck=dict(in_channels=_base_.resnet34_levels.channels),
    bbox_head=dict(label2level=[1, 0, 1, 1, 0]),
)
