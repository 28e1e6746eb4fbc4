# MvDeCor on generated rooms, within minutes on a CPU: EfficientNet-Lite0 from ImageNet; there is no network
# of the cloud, the name is that of all recipes for these rooms
_base_ = [
    '../../_base_/datasets/rooms-shared-frames.py',
    '../../_base_/backbones/efficientnet-lite0.py',
    '../../_base_/heads/mvdecor.py',
    '../../_base_/schedules/pretrain-tiny-image_200i.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size),
    image=_base_.image,
    pixel_head=dict(in_channels=_base_.image_widths),
)
