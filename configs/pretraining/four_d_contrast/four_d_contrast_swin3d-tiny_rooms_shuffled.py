# The control of 4DContrast on generated rooms: the partners of all pairs are exchanged
_base_ = ['./four_d_contrast_swin3d-tiny_rooms.py']

model = dict(matcher=dict(shuffle=True))
