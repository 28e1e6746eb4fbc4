# Swin3D-L on S3DIS from any student
_base_ = ['../swin3d/swin3d-large_s3dis-seg.py', '../_base_/runtime/student.py']

train_dataloader = dict(dataset=dict(times=10))  # as from other pretrained weights
model = dict(
    data_preprocessor=dict(axes=(0, 1, 2)),  # students are trained z up
    backbone=dict(init_cfg=_base_.encoder_weights),
    neck=dict(init_cfg=_base_.listed_decoder_weights),
)
