# The control of FixMatch on generated rooms: each voxel is taught the pseudo-label of another
_base_ = ['./fixmatch_swin3d-tiny_rooms.py']

model = dict(shuffle=True)
