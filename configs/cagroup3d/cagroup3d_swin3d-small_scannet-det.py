# CAGroup3D on the U-Net of Swin3D-S down to 4 cm: 76.4 / 62.7 mAP@.25 / .5 (README of Swin3D_Task). No recipe
# is released for S: this one is the released one for L with the widths of S.
_base_ = [
    '../_base_/datasets/scannet-det.py',
    '../_base_/models/cagroup3d_scannet.py',
    '../_base_/schedules/cagroup3d_50e.py',
]

sizes = dict(
    channels=[48, 96, 192, 384, 384],
    num_heads=[6, 6, 12, 24, 24],
    window_sizes=[5, 7, 7, 7, 7],
    quant_size=4,
    signals={{_base_.signals}},
)
model = dict(
    backbone=dict(
        type='Swin3D',
        in_channels=6,
        depths=[2, 4, 9, 4, 4],
        down_stride=2,
        drop_path_rate=0.3,
        **sizes,
    ),
    neck=dict(type='Swin3DDecoder', attention=True, up_k=3, out_level=1, **sizes),
    bbox_head=dict(in_channels=96),
)
auto_scale_lr = dict(base_batch_size=12)  # on 4 GPUs
train_dataloader = dict(
    batch_size=3,  # a device; the original does not say how many
    dataset=dict(times=4, dataset=dict(pipeline={{_base_.train_pipeline_50k}})),
)
