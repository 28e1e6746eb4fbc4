# Swin3D-tiny on generated rooms: what `make demo` trains, within minutes on two CPU cores
_base_ = [
    '../_base_/datasets/rooms-seg.py',
    '../_base_/backbones/swin3d-tiny.py',
    '../_base_/heads/voxel-seg.py',
    '../_base_/schedules/rooms-seg_1400i.py',
]

# an endless sampler: a training by iterations has no epochs
train_dataloader = dict(batch_size=2, sampler=dict(type='InfiniteSampler', shuffle=True))
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    decode_head=dict(
        in_channels=_base_.width,
        num_classes=13,
        loss_decode=dict(
            type='mmdet.CrossEntropyLoss', avg_non_ignore=True, class_weight=_base_.class_weight
        ),
    ),
)
