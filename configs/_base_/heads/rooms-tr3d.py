# Boxes of generated rooms by the tiny Swin3D with the TR3D head, for objectives beside boxes; the model is
# that of configs/transfer/tr3d_swin3d-tiny_rooms-s3dis-det_from-student.py
_base_ = [
    '../datasets/rooms-s3dis-normal-det.py',
    '../backbones/swin3d-tiny.py',
    './tr3d-tiny.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=0.1, **_base_.inputs),
    # 10, 20, 40 and 80 cm; boxes come from 20 and 40 cm
    backbone=dict(_base_.encoder, out_indices=(0, 1, 2, 3)),
    neck=dict(in_channels=_base_.encoder.channels[:4]),
    bbox_head=dict(label2level=[1, 0, 1, 1, 0]),
)
