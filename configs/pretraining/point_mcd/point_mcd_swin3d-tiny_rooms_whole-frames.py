# PointMCD with one descriptor a frame, as the paper has one a view
_base_ = ['./point_mcd_swin3d-tiny_rooms.py']

model = dict(objectives=[dict(_base_.distillation, image=_base_.image, grid=(1, 1))])
