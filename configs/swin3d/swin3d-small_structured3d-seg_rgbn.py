# Swin3D-S pretraining on Structured3D with colours and normals: 79.15 mIoU (README of microsoft/Swin3D)
_base_ = [
    '../_base_/datasets/structured3d-seg.py',
    '../_base_/heads/voxel-seg-swin3d-small-normal.py',
    '../_base_/schedules/adamw-onecycle_100e.py',
    '../_base_/runtime/default.py',
]

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size), decode_head=dict(num_classes=25))
