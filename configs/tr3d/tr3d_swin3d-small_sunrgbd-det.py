# Swin3D-S + TR3D on SUN RGB-D from Structured3D weights. A derived recipe without a published figure.
# Convert the released weights with `convert_checkpoint --axes swap-yz`: they were trained with y up.
_base_ = [
    '../_base_/datasets/sunrgbd-det.py',
    '../_base_/models/swin3d-small_tr3d.py',
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
    bbox_head=dict(label2level=[1, 1, 1, 0, 0, 1, 0, 0, 1, 0], bbox_coder=dict(type='MobiusBoxCoder')),
)
