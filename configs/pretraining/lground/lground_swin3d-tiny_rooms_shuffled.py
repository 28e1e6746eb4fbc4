# The control: voxels have the labels of others
_base_ = ['./lground_swin3d-tiny_rooms.py']

model = dict(decode_head=dict(loss_decode=dict(shuffle=True)))
