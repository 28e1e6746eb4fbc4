# Swin3D-L with the TR3D head
_base_ = ['./swin3d-small_tr3d.py']

model = dict(
    backbone=dict(channels=[80, 160, 320, 640, 640], num_heads=[10, 10, 20, 40, 40]),
    neck=dict(in_channels=[160, 320, 640, 640]),
)
