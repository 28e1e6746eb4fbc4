# Swin3D-S with the FCAF3D head on ScanNet from a student of ppkt_swin3d-small_scannet-frames.py; the finest
# windows are those it was pretrained with
_base_ = [
    '../_base_/datasets/scannet-det.py',
    '../_base_/backbones/swin3d-small.py',
    '../_base_/heads/fcaf3d.py',
    '../_base_/schedules/adamw-steps-det_12e.py',
]

student = 'work_dirs/ppkt_swin3d-small_scannet-frames/student.pth'
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=dict(
        _base_.encoder,
        down_stride=2,
        out_indices=(1, 2, 3, 4),
        init_cfg=dict(type='StrictPretrained', checkpoint=student, prefix='backbone.'),
    ),
    bbox_head=dict(in_channels=_base_.encoder.channels[1:]),
)
