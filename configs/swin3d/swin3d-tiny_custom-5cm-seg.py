# Swin3D-tiny on one's own labelled scans, from the segmentor that travels with the package and on its voxels,
# half as large as those of swin3d-tiny_custom-seg.py
_base_ = [
    '../_base_/datasets/custom-5cm-seg.py',
    '../_base_/backbones/swin3d-tiny.py',
    '../_base_/heads/voxel-seg.py',
    '../_base_/schedules/rooms-seg_1400i.py',
]

classes = ('desk', 'monitor')
metainfo = dict(classes=classes)
start = dict(
    type='StrictPretrained', checkpoint='swin3d_mmdet3d::ppt_swin3d-tiny_rooms-5cm', condition='S3DIS'
)
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=dict(_base_.network.backbone, init_cfg=dict(start, prefix='model.backbone.')),
    neck=dict(_base_.network.neck, init_cfg=dict(start, prefix='model.neck.')),
    decode_head=dict(in_channels=_base_.width, num_classes=len(classes)),
)
train_dataloader = dict(dataset=dict(metainfo=metainfo))
val_dataloader = dict(dataset=dict(metainfo=metainfo))
test_dataloader = dict(dataset=dict(metainfo=metainfo))

param_scheduler = [_base_.rise, dict(_base_.fall, end=600, T_max=500)]
train_cfg = dict(max_iters=600, val_interval=600)
default_hooks = dict(checkpoint=dict(interval=600))
