# C2P with Swin3D-S and its decoder on rooms of S3DIS; AdamW as for Swin3D elsewhere
_base_ = ['../../_base_/datasets/s3dis-partial-frames.py', '../../_base_/methods/c2p-swin3d-small.py']

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size), matcher=dict(radius=1.5 * _base_.voxel_size)
)
