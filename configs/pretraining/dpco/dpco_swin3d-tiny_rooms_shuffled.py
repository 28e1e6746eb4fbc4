# The control of DPCo on generated rooms: codes have the keys of other frames, voxels the pixels of others
_base_ = ['./dpco_swin3d-tiny_rooms.py']

model = dict(queue=dict(shuffle=True), matcher=dict(shuffle=True))
