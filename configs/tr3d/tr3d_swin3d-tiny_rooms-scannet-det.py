# TR3D on a tiny Swin3D, on generated rooms in the layout of ScanNet
_base_ = [
    '../_base_/datasets/rooms-scannet-det.py',
    '../_base_/heads/tr3d-tiny-det.py',
    '../_base_/schedules/rooms-det_1600i.py',
]
