# C2P with SR-UNet34 on rooms of S3DIS; SGD as for this network in PointContrast
_base_ = ['../../_base_/datasets/s3dis-partial-frames.py', '../../_base_/methods/c2p-sparse-unet34.py']

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size), matcher=dict(radius=1.5 * _base_.voxel_size)
)
