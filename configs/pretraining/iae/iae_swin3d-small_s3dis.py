# IAE with Swin3D-S on S3DIS; the volume has cells of 12 cm, over 11.5 x 11.5 x 3.8 m
_base_ = ['../../_base_/datasets/s3dis-surfaces.py', '../../_base_/methods/iae-swin3d-small.py']

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size),
    backbone=dict(down_stride=2),
    volume=dict(cell=3, shape=(96, 96, 32)),
)
