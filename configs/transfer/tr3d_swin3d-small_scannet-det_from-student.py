# Swin3D-S with the TR3D head on ScanNet from any student
_base_ = ['../tr3d/tr3d_swin3d-small_scannet-det.py', '../_base_/runtime/student.py']

model = dict(backbone=dict(init_cfg=_base_.encoder_weights))
