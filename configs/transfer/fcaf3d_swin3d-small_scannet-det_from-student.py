# Swin3D-S with the FCAF3D head on ScanNet from any student; the finest windows are those of pretraining
_base_ = ['../fcaf3d/fcaf3d_swin3d-small_scannet-det.py', '../_base_/runtime/student.py']

model = dict(backbone=dict(window_sizes=_base_.encoder.window_sizes, init_cfg=_base_.encoder_weights))
