# Point prompt training of the segmentor that travels with the package: Swin3D-tiny on the three generated
# domains at 5 cm
_base_ = [
    '../../_base_/datasets/rooms-trio-5cm-seg.py',
    '../../_base_/methods/ppt-swin3d-tiny.py',
]

model = dict(
    conditions=_base_.conditions,
    model=dict(
        data_preprocessor=dict(voxel_size=_base_.voxel_size),
        decode_head=dict(class_names={name: name for name in _base_.conditions}),
        # large scenes: the same labels for less memory
        test_cfg=dict(mode='chunks', chunk_size=4.0, max_voxels=400000),
    ),
)
# Adam moves a scale by a step from each of the embedding's 256 entries at once
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'.modulation.': dict(lr_mult=0.01)}))
param_scheduler = [_base_.rise, dict(_base_.fall, end=9000, T_max=8900)]
train_cfg = dict(max_iters=9000, val_interval=9000)
default_hooks = dict(checkpoint=dict(interval=500, max_keep_ckpts=2, save_best='mean/miou'))
