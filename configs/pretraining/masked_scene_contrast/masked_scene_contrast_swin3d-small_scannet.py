# Masked Scene Contrast with Swin3D-S and its decoder as the student; AdamW as for Swin3D elsewhere (the
# released SGD is for a convolutional student)
_base_ = [
    '../../_base_/datasets/scannet-mixed-crops.py',
    '../../_base_/methods/masked-scene-contrast-swin3d-small.py',
]

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
