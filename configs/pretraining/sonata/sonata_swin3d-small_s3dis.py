# Sonata with the encoder of Swin3D-S on S3DIS
_base_ = ['../../_base_/datasets/s3dis-multi-crops.py', '../../_base_/methods/sonata-swin3d-small.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
