# CAGroup3D on the U-Net of Swin3D-L down to 4 cm: 76.4 / 63.2 mAP@.25 / .5 (README of Swin3D_Task;
# ObjectDet/CAGroup3D/tools/cfgs/scannet_models/CAGroup3D_Swin3D_L.yaml)
_base_ = [
    '../_base_/datasets/scannet-det.py',
    '../_base_/models/cagroup3d_scannet.py',
    '../_base_/schedules/cagroup3d_50e.py',
]

sizes = dict(
    channels=[80, 160, 320, 640, 640],
    num_heads=[10, 10, 20, 40, 40],
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
    bbox_head=dict(in_channels=160),
)
auto_scale_lr = dict(base_batch_size=12)  # on 4 GPUs
train_dataloader = dict(
    batch_size=3,  # a device; the original does not say how many
    dataset=dict(times=4, dataset=dict(pipeline={{_base_.train_pipeline_50k}})),
)
