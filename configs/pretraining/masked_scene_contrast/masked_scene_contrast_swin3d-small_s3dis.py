# Masked Scene Contrast with Swin3D-S and its decoder on S3DIS; AdamW as for Swin3D elsewhere. Pairs lie
# within 1.5 voxels, as on ScanNet.
_base_ = [
    '../../_base_/datasets/s3dis-mixed-crops.py',
    '../../_base_/methods/masked-scene-contrast-swin3d-small.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size), matcher=dict(radius=1.5 * _base_.voxel_size)
)
