# The control of PointContrast on generated rooms: the partners of all pairs are exchanged
_base_ = ['./point_contrast_swin3d-tiny_rooms.py']

model = dict(matcher=dict(shuffle=True))
