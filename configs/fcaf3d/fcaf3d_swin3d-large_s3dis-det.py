# Swin3D-L + FCAF3D on S3DIS from Structured3D weights: 72.1 / 54.0 mAP@.25 / .5 (README of Swin3D_Task).
# The original's S3DIS config is an empty file: this recipe is derived from the one for ScanNet.
# Convert the released weights with `convert_checkpoint --axes swap-yz`: they were trained with y up.
_base_ = [
    '../_base_/datasets/s3dis-det.py',
    '../_base_/backbones/swin3d-large.py',
    '../_base_/heads/fcaf3d.py',
    '../_base_/schedules/adamw-steps-det_12e.py',
]

optim_wrapper = dict(type='AmpOptimWrapper', loss_scale=32.0)
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=dict(_base_.encoder, **_base_.swin3d_levels, init_cfg=_base_.z_up_weights),
    bbox_head=dict(in_channels=_base_.encoder.channels[1:], num_classes=5),
)
