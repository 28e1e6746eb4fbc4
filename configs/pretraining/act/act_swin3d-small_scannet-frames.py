# ACT with the encoder of Swin3D-S on frames of ScanNet, CLIP's features at hidden cells of 30 cm
_base_ = ['../../_base_/datasets/scannet-frames.py', '../../_base_/methods/i2p-mae-swin3d-small.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size), **_base_.act)
