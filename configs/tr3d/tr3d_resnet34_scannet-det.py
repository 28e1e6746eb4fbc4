# TR3D on a sparse ResNet34 on ScanNet, as published: 72.9 / 59.3 mAP@.25 / .5 at best of five runs, 72.0 /
# 57.4 in the mean (README of samsunglabs/tr3d)
_base_ = [
    '../_base_/datasets/scannet-det-samples.py',
    '../_base_/backbones/sparse-resnet34.py',
    '../_base_/heads/tr3d.py',
    '../_base_/schedules/adamw-steps-det_12e.py',
]

train_dataloader = dict(
    batch_size=16,  # on one GPU
    dataset=dict(times=15, dataset=dict(pipeline={{_base_.tr3d_train_pipeline}}, filter_empty_gt=False)),
)
val_dataloader = dict(dataset=dict(pipeline={{_base_.tr3d_test_pipeline}}))
test_dataloader = val_dataloader

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=dict(_base_.encoder, **_base_.resnet34_levels),
    neck=dict(in_channels=_base_.resnet34_levels.channels),
)
