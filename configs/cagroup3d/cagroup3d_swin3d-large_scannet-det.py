# CAGroup3D on the U-Net of Swin3D-L down to 4 cm: 76.4 / 63.2 mAP@.25 / .5 (README of Swin3D_Task;
# ObjectDet/CAGroup3D/tools/cfgs/scannet_models/CAGroup3D_Swin3D_L.yaml)
_base_ = ['../_base_/methods/cagroup3d-scannet.py', '../_base_/backbones/swin3d-large.py']

model = dict(
    backbone=dict(_base_.encoder, down_stride=2),
    neck=dict(_base_.decoder, out_level=1),
    bbox_head=dict(in_channels=_base_.encoder.channels[1]),
)
