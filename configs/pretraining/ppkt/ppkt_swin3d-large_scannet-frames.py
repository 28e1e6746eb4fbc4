# PPKT with Swin3D-L and its decoder as the student; AdamW as for Swin3D elsewhere (the paper's SGD is for a
# convolutional student)
_base_ = ['../../_base_/datasets/scannet-frames.py', '../../_base_/methods/ppkt-swin3d-large.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
