# Few labels: Swin3D-S on the first scenes of ScanNet train, from any student
_base_ = ['../swin3d/swin3d-small_scannet-seg.py', '../_base_/runtime/student.py']

# as many samples an epoch as of all 1201 scenes
train_dataloader = dict(
    dataset=dict(times=max(1, 7206 // _base_.scenes), dataset=dict(indices=_base_.scenes))
)
# students are trained z up
model = dict(_base_.from_student, data_preprocessor=dict(axes=(0, 1, 2)))
