# The control of SPNet: the twin is told other classes than the boxes'
_base_ = ['./spnet_swin3d-tiny_rooms.py']

model = dict(objectives=[dict(_base_.passing, shuffle=True)])
