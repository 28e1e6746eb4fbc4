# Linear probe: what a pretrained Swin3D-S knows of ScanNet's classes; only one linear layer is trained
_base_ = ['../swin3d/swin3d-small_scannet-seg.py']

student = 'work_dirs/ppkt_swin3d-small_scannet-frames/student.pth'
model = dict(
    backbone=dict(init_cfg=dict(type='StrictPretrained', checkpoint=student, prefix='backbone.')),
    neck=dict(init_cfg=dict(type='StrictPretrained', checkpoint=student, prefix='neck.')),
    decode_head=dict(_delete_=True, type='LinearProbeHead', in_channels=48, num_classes=20),
)
custom_hooks = [dict(type='FreezeHook', names=['backbone', 'neck'])]
train_dataloader = dict(dataset=dict(times=1))
train_cfg = dict(max_epochs=20, val_interval=20)
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        by_epoch=True,
        begin=0,
        T_max=20,
        eta_min=1e-6,
        convert_to_iter_based=True,
    )
]
