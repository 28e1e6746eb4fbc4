# DPCo with SR-UNet34 as the student, on frames of ScanNet; the rate of the release
_base_ = ['../../_base_/datasets/scannet-depth.py', '../../_base_/methods/dpco-sparse-unet34.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
