# FCAF3D on a tiny Swin3D, on generated rooms in the layout of ScanNet
_base_ = [
    '../_base_/datasets/rooms-scannet-det.py',
    '../_base_/heads/fcaf3d-tiny.py',
    '../_base_/schedules/rooms-det_2000i.py',
]
