# Sonata with the encoder of Swin3D-S on ScanNet
_base_ = ['../../_base_/datasets/scannet-multi-crops.py', '../../_base_/methods/sonata-swin3d-small.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
