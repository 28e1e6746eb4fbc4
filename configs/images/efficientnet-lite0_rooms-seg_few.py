# Few labels: an image network on the first generated rooms, two unless SCENES says otherwise
_base_ = [
    '../_base_/datasets/rooms-pixels-seg.py',
    '../_base_/backbones/efficientnet-lite0.py',
    '../_base_/heads/pixel-seg.py',
    '../_base_/schedules/rooms-seg_100i.py',
    '../_base_/runtime/image-student.py',
]

scenes = int('{{$SCENES:2}}')
train_dataloader = dict(dataset=dict(dataset=dict(indices=scenes)))
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'image.backbone.': dict(lr_mult=0.1)}))
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size),
    image=dict(_base_.image, backbone=dict(_base_.image.backbone, init_cfg=_base_.image_weights)),
    pixel_head=dict(in_channels=_base_.image_widths),
    decode_head=dict(num_classes=13),
)
