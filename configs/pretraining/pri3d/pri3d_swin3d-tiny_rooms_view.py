# Pri3D on generated rooms by the pixels of several frames alone
_base_ = ['./pri3d_swin3d-tiny_rooms.py']

model = dict(
    backbone=None,
    neck=None,
    matcher=None,
    pixel_projection=None,
    point_head=None,
    depth_head=None,
    depth_criterion=None,
)
