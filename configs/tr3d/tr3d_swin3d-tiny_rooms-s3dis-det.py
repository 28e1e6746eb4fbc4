# TR3D on a tiny Swin3D, on generated rooms in the layout of S3DIS
_base_ = [
    '../_base_/datasets/rooms-s3dis-det.py',
    '../_base_/models/swin3d-tiny_tr3d.py',
    '../_base_/schedules/rooms-det_1000i.py',
]

# an endless sampler: mmengine's loop by iterations sleeps two seconds at the end of a finite one
train_dataloader = dict(sampler=dict(type='InfiniteSampler', shuffle=True))
model = dict(bbox_head=dict(label2level=[1, 0, 1, 1, 0]))
# a step is cheaper than FCAF3D's
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', eta_min_ratio=1e-2, by_epoch=False, begin=50, end=1300, T_max=1250),
]
train_cfg = dict(max_iters=1300, val_interval=1300)
default_hooks = dict(checkpoint=dict(interval=1300))
