# TR3D on a tiny Swin3D, on one's own scans with boxes, within minutes on two CPU cores. prepare_custom writes
# a config on top of this one with the classes of the boxes; those named here stand for them.
_base_ = [
    '../_base_/datasets/custom-det.py',
    '../_base_/models/swin3d-tiny_tr3d.py',
    '../_base_/schedules/rooms-det_1600i.py',
]

classes = ('monitor', 'desk')
metainfo = dict(classes=classes)
# 0: small objects learn at the finer level, 1: large ones at the coarser
model = dict(bbox_head=dict(label2level=[0, 1]))
train_dataloader = dict(dataset=dict(dataset=dict(metainfo=metainfo)))
val_dataloader = dict(dataset=dict(metainfo=metainfo))
test_dataloader = dict(dataset=dict(metainfo=metainfo))

param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=50),
    dict(type='CosineAnnealingLR', eta_min_ratio=1e-2, by_epoch=False, begin=50, end=600, T_max=550),
]
auto_scale_lr = dict(enable=False, base_batch_size=2)
train_cfg = dict(max_iters=600, val_interval=600)
default_hooks = dict(checkpoint=dict(interval=600))
