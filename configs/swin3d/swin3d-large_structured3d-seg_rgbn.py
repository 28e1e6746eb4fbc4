# Swin3D-L pretraining on Structured3D with colours and normals: 81.04 mIoU (README of microsoft/Swin3D)
_base_ = [
    '../_base_/datasets/structured3d-seg.py',
    '../_base_/models/swin3d-large_seg.py',
    '../_base_/schedules/adamw-onecycle_100e.py',
    '../_base_/default_runtime.py',
]

signals = ('xyz', 'rgb', 'normal')
model = dict(
    data_preprocessor=dict(features=('rgb', 'normal', 'offset'), signals=signals),
    backbone=dict(in_channels=9, signals=signals),
    neck=dict(signals=signals),
    decode_head=dict(num_classes=25),
)
