# Point prompt training of a tiny sparse U-Net on the three generated domains, minutes on two CPU cores: the
# network of ppt_swin3d-tiny_rooms with BatchNorm throughout
_base_ = [
    '../../_base_/datasets/rooms-trio-seg.py',
    '../../_base_/backbones/sparse-unet-tiny.py',
    '../../_base_/heads/ppt.py',
    '../../_base_/schedules/rooms-seg_1400i.py',
]

model = dict(
    conditions=_base_.conditions,
    model=dict(
        data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
        **_base_.network,
        decode_head=dict(in_channels=_base_.width, class_names={name: name for name in _base_.conditions}),
    ),
)
# Adam moves a scale by a step from each of the embedding's 256 entries at once
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'.modulation.': dict(lr_mult=0.01)}))
param_scheduler = [_base_.rise, dict(_base_.fall, end=900, T_max=800)]
train_cfg = dict(max_iters=900, val_interval=900)
default_hooks = dict(checkpoint=dict(interval=900, save_best='mean/miou'))
