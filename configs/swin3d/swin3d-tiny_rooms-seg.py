# Swin3D-tiny on generated rooms: what `make demo` trains, within minutes on two CPU cores
_base_ = [
    '../_base_/datasets/rooms-seg.py',
    '../_base_/models/swin3d-tiny_seg.py',
    '../_base_/default_runtime.py',
]

# an endless sampler: mmengine's loop by iterations sleeps two seconds at the end of a finite one
train_dataloader = dict(batch_size=2, sampler=dict(type='InfiniteSampler', shuffle=True))
# class weights: inverse square roots of the classes' shares of the training areas' points
class_weight = [0.83, 0.86, 0.59, 1.29, 1.26, 1.45, 1.22, 1.68, 1.43, 1.51, 1.11, 2.0, 0.91]
model = dict(
    decode_head=dict(
        loss_decode=dict(type='mmdet.CrossEntropyLoss', avg_non_ignore=True, class_weight=class_weight)
    )
)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.006, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.25)}),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=100),
    dict(type='CosineAnnealingLR', eta_min_ratio=1e-3, by_epoch=False, begin=100, end=1400, T_max=1300),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=1400, val_interval=1400)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=1400))
log_processor = dict(by_epoch=False)
