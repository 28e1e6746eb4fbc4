# Linear probe of a student's encoder and decoder on ten generated rooms; one linear layer is trained
_base_ = [
    '../_base_/datasets/rooms-seg.py',
    '../_base_/backbones/swin3d-tiny.py',
    '../_base_/heads/linear-probe.py',
    '../_base_/schedules/rooms-seg_300i.py',
    '../_base_/runtime/student.py',
]

# an endless sampler: a training by iterations has no epochs
train_dataloader = dict(
    sampler=dict(type='InfiniteSampler', shuffle=True), dataset=dict(dataset=dict(indices=_base_.scenes))
)
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=dict(_base_.encoder, init_cfg=_base_.encoder_weights),
    neck=dict(_base_.decoder, init_cfg=_base_.decoder_weights),
    decode_head=dict(in_channels=_base_.width, num_classes=13),
)
