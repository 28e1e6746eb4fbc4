# The tiny Swin3D on generated rooms from any student
_base_ = ['../swin3d/swin3d-tiny_rooms-seg.py', '../_base_/runtime/student.py']

model = dict(
    backbone=dict(init_cfg=_base_.encoder_weights),
    neck=dict(init_cfg=_base_.listed_decoder_weights),
)
