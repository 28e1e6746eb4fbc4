# The control of Pri3D on generated rooms: pixels are paired with those of other places, and voxels with the
# pixels of others; the depth stays
_base_ = ['./pri3d_swin3d-tiny_rooms.py']

model = dict(view_matcher=dict(shuffle=True), matcher=dict(shuffle=True))
