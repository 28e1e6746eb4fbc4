# Swin3D-S on Structured3D from ppt_swin3d-small_indoor-trio.py, Structured3D's prompt folded into plain norms
_base_ = ['../../swin3d/swin3d-small_structured3d-seg_rgbn.py']

folded = 'work_dirs/ppt_swin3d-small_indoor-trio/Structured3D.pth'
model = dict(
    backbone=dict(init_cfg=dict(type='StrictPretrained', checkpoint=folded, prefix='backbone.')),
    neck=dict(init_cfg=dict(type='StrictPretrained', checkpoint=folded, prefix='neck.')),
)
