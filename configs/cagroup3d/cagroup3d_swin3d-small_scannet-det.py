# CAGroup3D on the U-Net of Swin3D-S down to 4 cm: 76.4 / 62.7 mAP@.25 / .5 (README of Swin3D_Task). No recipe
# is released for S: this one is the released one for L with the widths of S.
_base_ = ['../_base_/methods/cagroup3d-scannet.py', '../_base_/backbones/swin3d-small.py']

model = dict(
    backbone=dict(_base_.encoder, down_stride=2),
    neck=dict(_base_.decoder, out_level=1),
    bbox_head=dict(in_channels=_base_.encoder.channels[1]),
)
