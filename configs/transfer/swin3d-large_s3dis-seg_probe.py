# Linear probe: what a student's encoder and decoder know of S3DIS's classes; one linear layer is trained
_base_ = [
    '../_base_/datasets/s3dis-seg.py',
    '../_base_/backbones/swin3d-large.py',
    '../_base_/heads/linear-probe.py',
    '../_base_/schedules/linear-probe_20e.py',
    '../_base_/runtime/default.py',
    '../_base_/runtime/student.py',
]

train_dataloader = dict(dataset=dict(times=1))
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=dict(_base_.encoder, down_stride=2, init_cfg=_base_.encoder_weights),
    neck=dict(_base_.decoder, init_cfg=_base_.decoder_weights),
    decode_head=dict(in_channels=_base_.width, num_classes=13),
)
