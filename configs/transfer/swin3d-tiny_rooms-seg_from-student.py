# The tiny Swin3D on generated rooms from any student
_base_ = ['../swin3d/swin3d-tiny_rooms-seg.py', '../_base_/runtime/student.py']

model = _base_.from_student
