# The control of SimIPU on generated rooms: voxels are paired with others of the copy, and with the pixels of
# others
_base_ = ['./simipu_swin3d-tiny_rooms.py']

model = dict(view_matcher=dict(shuffle=True), matcher=dict(shuffle=True))
