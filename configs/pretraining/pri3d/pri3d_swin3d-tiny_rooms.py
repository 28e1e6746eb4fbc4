# Pri3D on generated rooms, within minutes on a CPU
_base_ = [
    '../../_base_/datasets/rooms-shared-frames.py',
    '../../_base_/backbones/swin3d-tiny.py',
    '../../_base_/backbones/efficientnet-lite0.py',
    '../../_base_/heads/pri3d.py',
    '../../_base_/schedules/pretrain-tiny-image_200i.py',
]

pixel_width = 96
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    image=_base_.image,
    pixel_head=dict(in_channels=_base_.image_widths, out_channels=pixel_width),
    pixel_projection=dict(in_channels=pixel_width),
    point_head=dict(in_channels=_base_.width),
    depth_head=dict(in_channels=_base_.image_widths),
)
