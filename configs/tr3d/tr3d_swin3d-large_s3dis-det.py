# Swin3D-L + TR3D on S3DIS from Structured3D weights. A derived recipe without a published figure.
# Convert the released weights with `convert_checkpoint --axes swap-yz`: they were trained with y up.
_base_ = [
    '../_base_/datasets/s3dis-det.py',
    '../_base_/models/swin3d-large_tr3d.py',
    '../_base_/schedules/adamw-steps-det_12e.py',
]

optim_wrapper = dict(type='AmpOptimWrapper', loss_scale=32.0)
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='checkpoints/swin3d-large_structured3d-rgb_z-up.pth',
            prefix='backbone.',
        )
    ),
    bbox_head=dict(label2level=[1, 0, 1, 1, 0]),
)
