# Swin3D-S on ScanNet from a student of ppkt_swin3d-small_scannet-frames.py
_base_ = ['../swin3d/swin3d-small_scannet-seg.py']

student = 'work_dirs/ppkt_swin3d-small_scannet-frames/student.pth'
model = dict(
    backbone=dict(init_cfg=dict(type='StrictPretrained', checkpoint=student, prefix='backbone.')),
    neck=dict(init_cfg=dict(type='StrictPretrained', checkpoint=student, prefix='neck.')),
)
