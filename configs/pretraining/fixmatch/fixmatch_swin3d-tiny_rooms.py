# FixMatch on generated rooms: labels of Structured3D, rooms of S3DIS without; minutes on two CPU cores
_base_ = [
    '../../_base_/datasets/rooms-shift-seg.py',
    '../../_base_/backbones/swin3d-tiny.py',
    '../../_base_/heads/fixmatch.py',
    '../../_base_/schedules/rooms-seg_1400i.py',
]

# class weights: inverse square roots of the classes' shares of the labelled rooms' points, the largest 2
class_weight = [0.51, 0.47, 0.34, 1.76, 0.73, 1.15, 1.17, 1.54, 2.0, 1.76, 0.65]
model = dict(
    model=dict(
        data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
        **_base_.network,
        decode_head=dict(
            in_channels=_base_.width,
            num_classes=_base_.num_classes,
            loss_decode=dict(type='mmdet.CrossEntropyLoss', avg_non_ignore=True, class_weight=class_weight),
        ),
    ),
)
param_scheduler = [dict(_base_.rise, end=50), dict(_base_.fall, begin=50, end=900, T_max=850)]
train_cfg = dict(max_iters=900, val_interval=900)
default_hooks = dict(checkpoint=dict(interval=900))
