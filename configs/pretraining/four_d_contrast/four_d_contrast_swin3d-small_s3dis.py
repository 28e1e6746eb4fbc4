# 4DContrast with Swin3D-S and its decoder, ShapeNet's objects in the rooms of S3DIS; the
# sequence network is SR-UNet34 over each frame, with convolutions along time. AdamW as for Swin3D elsewhere.
_base_ = ['../../_base_/datasets/s3dis-sequences.py', '../../_base_/methods/four-d-contrast-swin3d-small.py']

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size), matcher=dict(radius=1.5 * _base_.voxel_size)
)
