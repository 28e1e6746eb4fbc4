# Linear probe of a student of ppkt_swin3d-tiny_rooms.py on ten generated rooms
_base_ = ['../swin3d/swin3d-tiny_rooms-seg.py']

student = 'work_dirs/ppkt_swin3d-tiny_rooms/student.pth'
model = dict(
    backbone=dict(init_cfg=dict(type='StrictPretrained', checkpoint=student, prefix='backbone.')),
    neck=dict(init_cfg=dict(type='StrictPretrained', checkpoint=student, prefix='neck.')),
    decode_head=dict(_delete_=True, type='LinearProbeHead', in_channels=32, num_classes=13),
)
custom_hooks = [dict(type='FreezeHook', names=['backbone', 'neck'])]
train_dataloader = dict(dataset=dict(dataset=dict(indices=10)))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=30),
    dict(type='CosineAnnealingLR', eta_min_ratio=1e-3, by_epoch=False, begin=30, end=300, T_max=270),
]
train_cfg = dict(max_iters=300, val_interval=300)
default_hooks = dict(checkpoint=dict(interval=300))
