# FCAF3D on a tiny Swin3D, on generated rooms in the layout of S3DIS
_base_ = [
    '../_base_/datasets/rooms-s3dis-det.py',
    '../_base_/heads/fcaf3d-tiny.py',
    '../_base_/schedules/rooms-det_1600i.py',
]

model = dict(bbox_head=dict(num_classes=5))
