# The tiny Swin3D that rooms pretrain, with the TR3D head, on generated rooms in the layout of S3DIS
_base_ = [
    '../_base_/datasets/rooms-s3dis-normal-det.py',
    '../_base_/backbones/swin3d-tiny.py',
    '../_base_/heads/tr3d-tiny.py',
    '../_base_/schedules/rooms-det_1600i.py',
    '../_base_/runtime/student.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=0.1, **_base_.inputs),
    # 10, 20, 40 and 80 cm; boxes come from 20 and 40 cm
    backbone=dict(_base_.encoder, out_indices=(0, 1, 2, 3), init_cfg=_base_.encoder_weights),
    neck=dict(in_channels=_base_.encoder.channels[:4]),
    bbox_head=dict(label2level=[1, 0, 1, 1, 0]),
)
