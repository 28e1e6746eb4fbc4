# The control of Sonata on generated rooms: each coarse voxel is compared with another than that of its place
_base_ = ['./sonata_swin3d-tiny_rooms.py']

model = dict(matcher=dict(shuffle=True))
