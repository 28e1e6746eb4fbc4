# FCAF3D on a sparse ResNet34 on S3DIS, as published: 66.7 / 45.9 mAP@.25 / .5 at best of five runs, 64.9 /
# 43.8 in the mean (README of samsunglabs/fcaf3d)
_base_ = ['../_base_/datasets/s3dis-det-samples.py', '../_base_/methods/fcaf3d-resnet34.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size), bbox_head=dict(num_classes=5))
