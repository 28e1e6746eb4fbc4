# Linear probe: what a student's encoder and decoder know of S3DIS's classes; one linear layer is trained
_base_ = ['../_base_/datasets/s3dis-seg.py', '../_base_/methods/probe-swin3d-large.py']

train_dataloader = dict(dataset=dict(times=1))
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size),
    backbone=dict(down_stride=2),
    decode_head=dict(num_classes=13),
)
