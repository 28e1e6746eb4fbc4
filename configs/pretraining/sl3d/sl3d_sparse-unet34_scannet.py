# SL3D with SR-UNet34 on ScanNet's scans; SGD as for this network in PointContrast
_base_ = ['../../_base_/datasets/scannet-cells.py', '../../_base_/methods/sl3d-sparse-unet34.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
