# IAE with Swin3D-S on ScanNet; the volume has cells of 10 cm (the paper's have 9.4), over 6.4 x 6.4 x 3.2 m
_base_ = ['../../_base_/datasets/scannet-surfaces.py', '../../_base_/methods/iae-swin3d-small.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size), volume=dict(cell=5, shape=(64, 64, 32)))
