# Swin3D-L on S3DIS from any student
_base_ = ['../swin3d/swin3d-large_s3dis-seg.py', '../_base_/runtime/student.py']

train_dataloader = dict(dataset=dict(times=10))  # as from other pretrained weights
# students are trained z up
model = dict(_base_.from_student, data_preprocessor=dict(axes=(0, 1, 2)))
