# The paper's recipe: SR-UNet34 on every 25th frame of ScanNet, one V100 (arXiv 2104.04687, section 4.1)
_base_ = ['../../_base_/datasets/scannet-frames.py', '../../_base_/methods/ppkt-sparse-unet34.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
