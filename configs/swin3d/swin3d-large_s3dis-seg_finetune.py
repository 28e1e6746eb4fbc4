# Swin3D-L on S3DIS from Structured3D weights: 74.5 mIoU on area 5, 79.8 over six folds (README of
# microsoft/Swin3D)
_base_ = [
    '../_base_/datasets/s3dis-seg.py',
    '../_base_/models/swin3d-large_seg.py',
    '../_base_/schedules/adamw-cosine_100e.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=3, dataset=dict(times=10))  # loop 10
model = dict(
    data_preprocessor=dict(voxel_size=0.04, axes=(0, 2, 1)),
    backbone=dict(
        down_stride=2,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='checkpoints/swin3d-large_structured3d-rgb.pth',
            prefix='backbone.',
        ),
    ),
    decode_head=dict(num_classes=13),
)
optim_wrapper = dict(optimizer=dict(lr=0.001))
train_cfg = dict(val_interval=2)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=1500),
    dict(
        type='CosineAnnealingLR', by_epoch=True, begin=0, T_max=100, eta_min=1e-6, convert_to_iter_based=True
    ),
]
