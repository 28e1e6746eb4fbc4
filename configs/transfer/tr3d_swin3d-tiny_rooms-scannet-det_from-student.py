# The tiny Swin3D that rooms pretrain, with the TR3D head, on generated rooms in the layout of ScanNet
_base_ = [
    '../_base_/datasets/rooms-scannet-normal-det.py',
    '../_base_/heads/tr3d-tiny-student.py',
    '../_base_/schedules/rooms-det_1600i.py',
    '../_base_/runtime/student.py',
]

model = dict(backbone=dict(init_cfg=_base_.encoder_weights))
