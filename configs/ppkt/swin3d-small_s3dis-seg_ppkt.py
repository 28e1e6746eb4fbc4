# Swin3D-S on S3DIS from a student of ppkt_swin3d-small_scannet-frames.py
_base_ = ['../swin3d/swin3d-small_s3dis-seg.py']

student = 'work_dirs/ppkt_swin3d-small_scannet-frames/student.pth'
train_dataloader = dict(dataset=dict(times=6))  # as from other pretrained weights
model = dict(
    backbone=dict(init_cfg=dict(type='StrictPretrained', checkpoint=student, prefix='backbone.')),
    neck=dict(init_cfg=dict(type='StrictPretrained', checkpoint=student, prefix='neck.')),
)
