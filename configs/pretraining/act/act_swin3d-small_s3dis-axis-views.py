# ACT with the encoder of Swin3D-S on rooms of S3DIS and the images that they give of themselves, CLIP's
# features at hidden cells of 48 cm
_base_ = ['../../_base_/datasets/s3dis-axis-views.py', '../../_base_/methods/i2p-mae-swin3d-small.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size), **_base_.act)
