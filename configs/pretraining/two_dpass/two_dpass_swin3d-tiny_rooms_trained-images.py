# 2DPASS with images by a network that is trained along, from its ImageNet weights
_base_ = ['./two_dpass_swin3d-tiny_rooms.py']

images = dict(_base_.images, image=dict(_base_.images.image, type='ImageEncoder'))
model = dict(objectives=[dict(type='TwoDPASS', **images, **_base_.supervision)])
