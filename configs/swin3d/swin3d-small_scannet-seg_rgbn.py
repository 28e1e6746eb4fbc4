# Swin3D-S on ScanNet with normals, from scratch: 75.2 mIoU (README of microsoft/Swin3D)
_base_ = [
    '../_base_/datasets/scannet-normal-seg.py',
    '../_base_/models/swin3d-small_seg.py',
    '../_base_/schedules/adamw-cosine_100e.py',
    '../_base_/default_runtime.py',
]

signals = ('xyz', 'rgb', 'normal')
model = dict(
    data_preprocessor=dict(features=('rgb', 'normal', 'offset'), signals=signals),
    backbone=dict(in_channels=9, signals=signals),
    neck=dict(signals=signals),
)
