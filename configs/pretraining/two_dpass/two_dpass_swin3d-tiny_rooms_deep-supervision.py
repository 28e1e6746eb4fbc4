# 2DPASS without images: the same classifiers at the same scales
_base_ = ['./two_dpass_swin3d-tiny_rooms.py']

model = dict(objectives=[dict(type='DeepSupervision', **_base_.supervision)])
