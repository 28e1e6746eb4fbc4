# Swin3D-S + FCAF3D on SUN RGB-D from Structured3D weights. A derived recipe without a published figure.
# Convert the released weights with `convert_checkpoint --axes swap-yz`: they were trained with y up.
_base_ = ['../_base_/datasets/sunrgbd-det.py', '../_base_/methods/fcaf3d-swin3d-small.py']

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size),
    bbox_head=dict(num_classes=10, bbox_coder=dict(type='MobiusBoxCoder')),
)
