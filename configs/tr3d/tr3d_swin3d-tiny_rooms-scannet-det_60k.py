# The detector that travels with the package: TR3D on a wider Swin3D-tiny, on many generated rooms in the
# layout of ScanNet
_base_ = [
    '../_base_/datasets/rooms-scannet-60k-det.py',
    '../_base_/heads/tr3d-tiny-det.py',
    '../_base_/schedules/rooms-det_1600i.py',
]

channels = [32, 64, 128, 192]
model = dict(
    backbone=dict(channels=channels, depths=[1, 2, 2, 2], num_heads=[4, 8, 8, 12]),
    neck=dict(in_channels=channels, out_channels=64),
    bbox_head=dict(in_channels=64),
)
param_scheduler = [_base_.rise, dict(_base_.fall, end=6000, T_max=5950)]
train_cfg = dict(max_iters=6000, val_interval=6000)
default_hooks = dict(checkpoint=dict(interval=500))
