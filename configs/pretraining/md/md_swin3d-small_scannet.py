# MD with Swin3D-S and its decoder on ScanNet; AdamW as for Swin3D elsewhere (the paper's SGD is for DGCNN)
_base_ = ['../../_base_/datasets/scannet-clouds.py', '../../_base_/methods/md-swin3d-small.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
