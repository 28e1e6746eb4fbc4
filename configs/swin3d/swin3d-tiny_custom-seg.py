# Swin3D-tiny on one's own labelled scans, within minutes on two CPU cores. prepare_custom writes a config on
# top of this one with the classes of the scans; those named here stand for them.
_base_ = [
    '../_base_/datasets/custom-seg.py',
    '../_base_/models/swin3d-tiny_seg.py',
    '../_base_/default_runtime.py',
]

classes = ('desk', 'monitor')
metainfo = dict(classes=classes)
model = dict(decode_head=dict(num_classes=len(classes)))
train_dataloader = dict(dataset=dict(metainfo=metainfo))
val_dataloader = dict(dataset=dict(metainfo=metainfo))
test_dataloader = dict(dataset=dict(metainfo=metainfo))

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.006, weight_decay=0.05),
    paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.25)}),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=100),
    dict(type='CosineAnnealingLR', eta_min_ratio=1e-3, by_epoch=False, begin=100, end=600, T_max=500),
]
auto_scale_lr = dict(enable=False, base_batch_size=2)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=600, val_interval=600)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=600))
log_processor = dict(by_epoch=False)
