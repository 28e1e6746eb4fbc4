# Swin3D-S on S3DIS from scratch: 72.5 mIoU on area 5, 76.9 over six folds (README of microsoft/Swin3D)
_base_ = [
    '../_base_/datasets/s3dis-seg.py',
    '../_base_/heads/voxel-seg-swin3d-small.py',
    '../_base_/schedules/adamw-steps_100e.py',
    '../_base_/runtime/default.py',
]

# 30 repeats of 100 epochs from scratch (issue 16 of microsoft/Swin3D)
train_dataloader = dict(dataset=dict(times=30))
model = dict(
    # y up, as the released weights were trained (yz_shift of the recipe)
    data_preprocessor=dict(voxel_size=_base_.voxel_size, axes=(0, 2, 1)),
    backbone=dict(down_stride=2),
    decode_head=dict(num_classes=13),
)
