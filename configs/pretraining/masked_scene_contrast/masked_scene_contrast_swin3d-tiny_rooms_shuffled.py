# The control of Masked Scene Contrast on generated rooms: partners and points of hidden voxels are exchanged
_base_ = ['./masked_scene_contrast_swin3d-tiny_rooms.py']

model = dict(
    matcher=dict(shuffle=True),
    reconstruction=dict(color=dict(shuffle=True), normal=dict(shuffle=True)),
)
