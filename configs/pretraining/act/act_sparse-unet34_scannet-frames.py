# ACT with the encoder of SR-UNet34 on frames of ScanNet, CLIP's features at hidden cells of 40 cm
_base_ = ['../../_base_/datasets/scannet-frames.py', '../../_base_/methods/i2p-mae-sparse-unet34.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size), **_base_.act)
