# TR3D on a tiny Swin3D, on generated rooms in the layout of ScanNet
_base_ = [
    '../_base_/datasets/rooms-scannet-det.py',
    '../_base_/backbones/swin3d-tiny-det.py',
    '../_base_/heads/tr3d-tiny.py',
    '../_base_/schedules/rooms-det_1600i.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=0.08, **_base_.inputs),
    backbone=_base_.encoder,  # 8, 16, 32 and 64 cm
    neck=dict(in_channels=_base_.encoder.channels),
)
