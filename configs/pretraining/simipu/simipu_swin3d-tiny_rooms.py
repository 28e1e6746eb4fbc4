# SimIPU on generated rooms, within minutes on a CPU: the tiny Swin3D and a ResNet-18, both from random
# weights
_base_ = [
    '../../_base_/datasets/rooms-cloud-and-copy.py',
    '../../_base_/backbones/swin3d-tiny.py',
    '../../_base_/backbones/resnet18-random.py',
    '../../_base_/heads/simipu.py',
    '../../_base_/schedules/pretrain-tiny-image_200i.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    image=_base_.image,
    view_matcher=dict(radius=1.5 * _base_.voxel_size),
    view_head=dict(in_channels=_base_.width),
    pixel_head=dict(in_channels=_base_.image_width),
    point_head=dict(in_channels=_base_.width),
)
