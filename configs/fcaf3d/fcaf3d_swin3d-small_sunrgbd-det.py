# Swin3D-S + FCAF3D on SUN RGB-D from Structured3D weights. A derived recipe without a published figure.
# Convert the released weights with `convert_checkpoint --axes swap-yz`: they were trained with y up.
_base_ = [
    '../_base_/datasets/sunrgbd-det.py',
    '../_base_/models/swin3d-small_fcaf3d.py',
    '../_base_/schedules/adamw-steps-det_12e.py',
]

model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='checkpoints/swin3d-small_structured3d-rgb_z-up.pth',
            prefix='backbone.',
        )
    ),
    bbox_head=dict(num_classes=10, bbox_coder=dict(type='MobiusBoxCoder')),
)
