# Linear probe of an image network on ten generated rooms; one linear layer is trained
_base_ = [
    '../_base_/datasets/rooms-pixels-seg.py',
    '../_base_/backbones/efficientnet-lite0.py',
    '../_base_/heads/pixel-probe.py',
    '../_base_/schedules/rooms-seg_100i.py',
    '../_base_/runtime/image-student.py',
]

train_dataloader = dict(dataset=dict(dataset=dict(indices=_base_.scenes)))
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size),
    image=dict(_base_.image, backbone=dict(_base_.image.backbone, init_cfg=_base_.image_weights)),
    decode_head=dict(in_channels=sum(_base_.image_widths), num_classes=13),
)
