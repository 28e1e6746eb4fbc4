# Concept alignment with Swin3D-S and its decoder as the student, on frames of ScanNet
_base_ = ['../../_base_/datasets/scannet-frames.py', '../../_base_/methods/concept-alignment-swin3d-small.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
