# Few labels: Swin3D-L on the first rooms of S3DIS without the test area, from any student
_base_ = ['../swin3d/swin3d-large_s3dis-seg.py', '../_base_/runtime/student.py']

# as many samples an epoch as of 204 rooms repeated 10 times
train_dataloader = dict(
    dataset=dict(times=max(1, 2040 // _base_.scenes), dataset=dict(indices=_base_.scenes))
)
# students are trained z up
model = dict(_base_.from_student, data_preprocessor=dict(axes=(0, 1, 2)))
