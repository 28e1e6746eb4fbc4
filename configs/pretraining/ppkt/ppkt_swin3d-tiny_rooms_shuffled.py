# The control of PPKT on generated rooms: each voxel is shown by the pixel of another
_base_ = ['./ppkt_swin3d-tiny_rooms.py']

model = dict(matcher=dict(shuffle=True))
