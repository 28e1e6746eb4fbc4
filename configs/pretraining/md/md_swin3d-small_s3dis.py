# MD with Swin3D-S and its decoder on S3DIS; AdamW as for Swin3D elsewhere (the paper's SGD is for DGCNN)
_base_ = ['../../_base_/datasets/s3dis-clouds.py', '../../_base_/methods/md-swin3d-small.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size), backbone=dict(down_stride=2))
