# 2DPASS with images by a network that is trained along, from its ImageNet weights
_base_ = ['./two_dpass_swin3d-tiny_rooms.py']

model = dict(objectives=[dict(type='TwoDPASS', **_base_.trained_images, **_base_.supervision)])
