# Swin3D-S + FCAF3D on ScanNet from Structured3D weights: 74.2 / 59.5 mAP@.25 / .5 (README of Swin3D_Task).
# Convert the released weights with `convert_checkpoint --axes swap-yz`: they were trained with y up.
_base_ = [
    '../_base_/datasets/scannet-det.py',
    '../_base_/backbones/swin3d-small.py',
    '../_base_/heads/fcaf3d.py',
    '../_base_/schedules/adamw-steps-det_12e.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=dict(_base_.encoder, **_base_.swin3d_levels, init_cfg=_base_.z_up_weights),
    bbox_head=dict(in_channels=_base_.encoder.channels[1:]),
)
