# Swin3D-S on ScanNet200 from any student
_base_ = ['../swin3d/swin3d-small_scannet200-seg.py', '../_base_/runtime/student.py']

model = dict(
    backbone=dict(init_cfg=_base_.encoder_weights),
    neck=dict(init_cfg=_base_.listed_decoder_weights),
)
