# Swin3D-tiny on one's own labelled scans, within minutes on two CPU cores. prepare_custom writes a config on
# top of this one with the classes of the scans; those named here stand for them.
_base_ = [
    '../_base_/datasets/custom-seg.py',
    '../_base_/backbones/swin3d-tiny.py',
    '../_base_/heads/voxel-seg.py',
    '../_base_/schedules/rooms-seg_1400i.py',
]

classes = ('desk', 'monitor')
metainfo = dict(classes=classes)
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    decode_head=dict(in_channels=_base_.width, num_classes=len(classes)),
)
train_dataloader = dict(dataset=dict(metainfo=metainfo))
val_dataloader = dict(dataset=dict(metainfo=metainfo))
test_dataloader = dict(dataset=dict(metainfo=metainfo))

param_scheduler = [_base_.rise, dict(_base_.fall, end=600, T_max=500)]
train_cfg = dict(max_iters=600, val_interval=600)
default_hooks = dict(checkpoint=dict(interval=600))
