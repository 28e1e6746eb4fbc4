# SR-UNet34 on ScanNet200 from any student, for rare classes: a focal loss (gamma: release of LGround) that
# weighs classes by how often they occur, and pasted objects
_base_ = [
    '../../_base_/datasets/scannet200-elastic-pasted-seg.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/heads/voxel-seg.py',
    '../../_base_/schedules/sgd-steps_400e.py',
    '../../_base_/runtime/default.py',
    '../../_base_/runtime/student.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=dict(_base_.encoder, init_cfg=_base_.encoder_weights),
    decode_head=dict(
        in_channels=_base_.width,
        num_classes=200,
        loss_decode=dict(type='ClassBalancedFocalLoss', num_classes=200, gamma=2.0),
    ),
    test_cfg=dict(_delete_=True, mode='whole'),
)
custom_hooks = [dict(type='ClassWeightsHook')]
