# The control of MvDeCor on generated rooms: pixels are paired with those of other places
_base_ = ['./mvdecor_swin3d-tiny_rooms.py']

model = dict(matcher=dict(shuffle=True))
