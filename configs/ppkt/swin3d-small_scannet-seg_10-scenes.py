# Few labels: Swin3D-S on the first 10 scenes of ScanNet train, from any student: --cfg-options
# model.backbone.init_cfg.checkpoint=... model.neck.init_cfg.checkpoint=...; from scratch: --cfg-options
# model.backbone.init_cfg=None model.neck.init_cfg=None
_base_ = ['../swin3d/swin3d-small_scannet-seg.py']

student = 'work_dirs/ppkt_swin3d-small_scannet-frames/student.pth'
model = dict(
    backbone=dict(init_cfg=dict(type='StrictPretrained', checkpoint=student, prefix='backbone.')),
    neck=dict(init_cfg=dict(type='StrictPretrained', checkpoint=student, prefix='neck.')),
)
# as many samples an epoch as of all 1201 scenes
train_dataloader = dict(dataset=dict(times=720, dataset=dict(indices=10)))
