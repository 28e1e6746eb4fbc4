# TR3D for two CPU cores; boxes from the second and the third level
_base_ = ['./tr3d.py']

model = dict(neck=dict(out_channels=32), bbox_head=dict(in_channels=32))
