# CAGroup3D on the U-Net of Swin3D-S down to 4 cm: 76.4 / 62.7 mAP@.25 / .5 (README of Swin3D_Task). No recipe
# is released for S: this one is the released one for L with the widths of S.
_base_ = [
    '../_base_/datasets/scannet-det.py',
    '../_base_/backbones/swin3d-small.py',
    '../_base_/heads/cagroup3d.py',
    '../_base_/schedules/cagroup3d_50e.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size),
    backbone=dict(_base_.encoder, down_stride=2),
    neck=dict(_base_.decoder, out_level=1),
    bbox_head=dict(in_channels=_base_.encoder.channels[1]),
)
auto_scale_lr = dict(base_batch_size=12)  # on 4 GPUs
train_dataloader = dict(
    batch_size=3,  # a device; the original does not say how many
    dataset=dict(times=4, dataset=dict(pipeline={{_base_.train_pipeline_50k}})),
)
