# Swin3D-S + TR3D on ScanNet from Structured3D weights. A derived recipe without a published figure.
# Convert the released weights with `convert_checkpoint --axes swap-yz`: they were trained with y up.
_base_ = ['../_base_/datasets/scannet-det.py', '../_base_/methods/tr3d-swin3d-small.py']

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
