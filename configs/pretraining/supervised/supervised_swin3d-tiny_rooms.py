# The baseline with labels: segmentation of the generated rooms of another domain, Structured3D's 25 classes,
# for as many steps as PPKT's
_base_ = [
    '../../_base_/datasets/rooms-structured3d-seg.py',
    '../../_base_/backbones/swin3d-tiny.py',
    '../../_base_/heads/voxel-seg.py',
    '../../_base_/schedules/rooms-seg_600i.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    decode_head=dict(
        in_channels=_base_.width,
        num_classes=25,
        loss_decode=dict(type='mmdet.CrossEntropyLoss', avg_non_ignore=True),
    ),
)
custom_hooks = [dict(type='ExportHook')]
