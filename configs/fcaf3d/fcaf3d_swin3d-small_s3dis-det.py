# Swin3D-S + FCAF3D on S3DIS from Structured3D weights: 69.9 / 50.2 mAP@.25 / .5 (README of Swin3D_Task).
# The original's S3DIS config is an empty file: this recipe is derived from the one for ScanNet.
# Convert the released weights with `convert_checkpoint --axes swap-yz`: they were trained with y up.
_base_ = ['../_base_/datasets/s3dis-det.py', '../_base_/methods/fcaf3d-swin3d-small.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size), bbox_head=dict(num_classes=5))
