# Segmentation by Swin3D-L and its decoder, on colours; a config adds voxels and classes
_base_ = ['../backbones/swin3d-large.py', './voxel-seg.py']

model = dict(data_preprocessor=_base_.inputs, **_base_.network, decode_head=dict(in_channels=_base_.width))
