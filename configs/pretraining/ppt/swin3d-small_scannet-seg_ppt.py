# Swin3D-S on ScanNet from ppt_swin3d-small_indoor-trio.py, ScanNet's prompt folded into plain norms
_base_ = ['../../swin3d/swin3d-small_scannet-seg_rgbn.py']

folded = 'work_dirs/ppt_swin3d-small_indoor-trio/ScanNet.pth'
model = dict(
    backbone=dict(init_cfg=dict(type='StrictPretrained', checkpoint=folded, prefix='backbone.')),
    neck=dict(init_cfg=dict(type='StrictPretrained', checkpoint=folded, prefix='neck.')),
)
