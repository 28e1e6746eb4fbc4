# FCAF3D on a sparse ResNet34 on ScanNet, as published: 71.5 / 57.3 mAP@.25 / .5 at best of five runs, 70.7
# / 56.0 in the mean (README of samsunglabs/fcaf3d)
_base_ = ['../_base_/datasets/scannet-det-samples.py', '../_base_/methods/fcaf3d-resnet34.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
