# Pri3D on generated rooms by the pixels of several frames alone
_base_ = ['./pri3d_swin3d-tiny_rooms.py']

model = _base_.pixels_alone
