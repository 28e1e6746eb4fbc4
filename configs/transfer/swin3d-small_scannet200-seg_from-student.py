# Swin3D-S on ScanNet200 from any student
_base_ = ['../swin3d/swin3d-small_scannet200-seg.py', '../_base_/runtime/student.py']

model = _base_.from_student
