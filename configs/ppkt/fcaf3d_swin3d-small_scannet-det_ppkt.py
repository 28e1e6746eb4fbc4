# Swin3D-S with the FCAF3D head on ScanNet from a student of ppkt_swin3d-small_scannet-frames.py; the finest
# windows are those it was pretrained with
_base_ = [
    '../_base_/datasets/scannet-det.py',
    '../_base_/models/swin3d-small_fcaf3d.py',
    '../_base_/schedules/adamw-steps-det_12e.py',
]

student = 'work_dirs/ppkt_swin3d-small_scannet-frames/student.pth'
model = dict(
    backbone=dict(
        window_sizes=[5, 7, 7, 7, 7],
        init_cfg=dict(type='StrictPretrained', checkpoint=student, prefix='backbone.'),
    )
)
