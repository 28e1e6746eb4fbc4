# The control of Concerto on generated rooms: coarse voxels are compared with others than those of their
# places, and patches with the voxels of others
_base_ = ['./concerto_swin3d-tiny_rooms.py']

model = dict(matcher=dict(shuffle=True), image=dict(shuffle=True))
