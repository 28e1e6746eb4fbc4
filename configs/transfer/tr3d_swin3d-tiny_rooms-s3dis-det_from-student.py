# The tiny Swin3D that rooms pretrain, with the TR3D head, on generated rooms in the layout of S3DIS
_base_ = [
    '../_base_/heads/rooms-tr3d.py',
    '../_base_/schedules/rooms-det_1600i.py',
    '../_base_/runtime/student.py',
]

model = dict(backbone=dict(init_cfg=_base_.encoder_weights))
