# The control of ACT on generated rooms: voxels have the pixels of others
_base_ = ['./act_swin3d-tiny_rooms.py']

model = dict(matcher=dict(shuffle=True))
