# Swin3D-S on ScanNet200 from any student, for rare classes: a focal loss (gamma: release of LGround) that
# weighs classes by how often they occur, and pasted objects
_base_ = [
    '../../_base_/datasets/scannet200-pasted-seg.py',
    '../../_base_/heads/voxel-seg-swin3d-small.py',
    '../../_base_/schedules/adamw-cosine_100e.py',
    '../../_base_/runtime/default.py',
    '../../_base_/runtime/student.py',
]

model = dict(
    _base_.from_student,
    data_preprocessor=dict(voxel_size=_base_.voxel_size),
    decode_head=dict(
        num_classes=200,
        loss_decode=dict(type='ClassBalancedFocalLoss', num_classes=200, gamma=2.0),
    ),
)
custom_hooks = [dict(type='ClassWeightsHook')]
