# Swin3D-tiny on generated rooms: what `make demo` trains, within minutes on two CPU cores
_base_ = [
    '../_base_/datasets/rooms-seg.py',
    '../_base_/backbones/swin3d-tiny.py',
    '../_base_/heads/voxel-seg.py',
    '../_base_/schedules/rooms-seg_1400i.py',
]

# an endless sampler: a training by iterations has no epochs
train_dataloader = dict(batch_size=2, sampler=dict(type='InfiniteSampler', shuffle=True))
# class weights: inverse square roots of the classes' shares of the training areas' points
class_weight = [0.83, 0.86, 0.59, 1.29, 1.26, 1.45, 1.22, 1.68, 1.43, 1.51, 1.11, 2.0, 0.91]
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=_base_.encoder,
    neck=_base_.decoder,
    decode_head=dict(
        in_channels=_base_.width,
        num_classes=13,
        loss_decode=dict(type='mmdet.CrossEntropyLoss', avg_non_ignore=True, class_weight=class_weight),
    ),
)
