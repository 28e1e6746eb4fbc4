# The control of PointMCD: each region has the descriptor of another
_base_ = ['./point_mcd_swin3d-tiny_rooms.py']

model = dict(objectives=[dict(_base_.distillation, image=_base_.image, shuffle=True)])
