# SL3D with Swin3D-S and its decoder on rooms of S3DIS; AdamW as for Swin3D elsewhere
_base_ = ['../../_base_/datasets/s3dis-cells.py', '../../_base_/methods/sl3d-swin3d-small.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
