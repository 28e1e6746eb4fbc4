# The control of concept alignment on generated rooms: the voxels of a region get the image of another
_base_ = ['./concept_alignment_swin3d-tiny_rooms.py']

model = dict(matcher=dict(shuffle=True))
