# PointContrast with Swin3D-S and its decoder on crops of the rooms of S3DIS; AdamW as for Swin3D elsewhere
_base_ = ['../../_base_/datasets/s3dis-crops.py', '../../_base_/methods/point-contrast-swin3d-small.py']

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size), matcher=dict(radius=1.5 * _base_.voxel_size)
)
