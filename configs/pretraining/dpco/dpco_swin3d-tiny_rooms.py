# DPCo on generated rooms, within minutes on a CPU. There are some 300 frames: the queue holds fewer keys, or
# a frame would be its own negative. The paper's momentum of 0.999 is too slow for 200 steps.
_base_ = [
    '../../_base_/datasets/rooms-depth.py',
    '../../_base_/backbones/swin3d-tiny.py',
    '../../_base_/heads/dpco.py',
    '../../_base_/schedules/pretrain-tiny_200i.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    depth=dict(backbone=dict(depth=18)),
    cloud_code=dict(in_channels=_base_.width),
    point_head=dict(in_channels=_base_.width),
    queue=dict(size=128),
    momentum=0.99,
)
