# Swin3D-L on ScanNet from any student
_base_ = ['../swin3d/swin3d-large_scannet-seg.py', '../_base_/runtime/student.py']

# students are trained z up
model = dict(_base_.from_student, data_preprocessor=dict(axes=(0, 1, 2)))
