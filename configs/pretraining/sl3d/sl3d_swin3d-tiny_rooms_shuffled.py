# The control of SL3D on generated rooms: cells have the labels of others, drawn anew each time
_base_ = ['./sl3d_swin3d-tiny_rooms.py']

model = dict(targets=dict(shuffle=True))
