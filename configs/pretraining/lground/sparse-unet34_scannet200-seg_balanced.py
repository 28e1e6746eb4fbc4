# SR-UNet34 on ScanNet200 from any student, for rare classes: a focal loss (gamma: release of LGround) that
# weighs classes by how often they occur, and pasted objects
_base_ = [
    '../../_base_/datasets/scannet200-elastic-pasted-seg.py',
    '../../_base_/heads/voxel-seg-sparse-unet34.py',
    '../../_base_/schedules/sgd-steps_400e.py',
    '../../_base_/runtime/default.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size),
    decode_head=dict(
        num_classes=200,
        loss_decode=dict(type='ClassBalancedFocalLoss', num_classes=200, gamma=2.0),
    ),
)
custom_hooks = [dict(type='ClassWeightsHook')]
