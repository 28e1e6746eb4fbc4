# FixMatch of Swin3D-S: labels of Structured3D, scans of ScanNet without; AdamW as for Swin3D elsewhere
_base_ = [
    '../../_base_/datasets/scannet-shift-seg.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/fixmatch.py',
    '../../_base_/schedules/adamw-cosine_60k.py',
    '../../_base_/runtime/default.py',
]

model = dict(
    model=dict(
        data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
        backbone=_base_.encoder,
        neck=_base_.decoder,
        decode_head=dict(in_channels=_base_.width, num_classes=_base_.num_classes),
    ),
)
train_cfg = dict(val_interval=5000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=5000))
log_processor = dict(by_epoch=False)
