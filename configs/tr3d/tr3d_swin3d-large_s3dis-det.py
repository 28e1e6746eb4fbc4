# Swin3D-L + TR3D on S3DIS from Structured3D weights. A derived recipe without a published figure.
# Convert the released weights with `convert_checkpoint --axes swap-yz`: they were trained with y up.
_base_ = [
    '../_base_/datasets/s3dis-det.py',
    '../_base_/backbones/swin3d-large.py',
    '../_base_/heads/tr3d.py',
    '../_base_/schedules/adamw-steps-det_12e.py',
]

optim_wrapper = dict(type='AmpOptimWrapper', loss_scale=32.0)
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=dict(_base_.encoder, **_base_.swin3d_levels, init_cfg=_base_.z_up_weights),
    neck=dict(in_channels=_base_.encoder.channels[1:]),
    bbox_head=dict(label2level=[1, 0, 1, 1, 0]),
)
