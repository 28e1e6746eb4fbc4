# SL3D with SR-UNet34 on rooms of S3DIS; SGD as for this network in PointContrast
_base_ = ['../../_base_/datasets/s3dis-cells.py', '../../_base_/methods/sl3d-sparse-unet34.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
