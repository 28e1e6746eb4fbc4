# Swin3D-S + FCAF3D on ScanNet from Structured3D weights: 74.2 / 59.5 mAP@.25 / .5 (README of Swin3D_Task).
# Convert the released weights with `convert_checkpoint --axes swap-yz`: they were trained with y up.
_base_ = ['../_base_/datasets/scannet-det.py', '../_base_/methods/fcaf3d-swin3d-small.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
