# Swin3D-L pretraining on Structured3D with colours: 79.79 mIoU (README of microsoft/Swin3D)
_base_ = [
    '../_base_/datasets/structured3d-seg.py',
    '../_base_/models/swin3d-large_seg.py',
    '../_base_/schedules/adamw-onecycle_100e.py',
    '../_base_/default_runtime.py',
]

model = dict(decode_head=dict(num_classes=25))
