# CAGroup3D on a tiny Swin3D, on generated rooms in the layout of ScanNet: minutes on a CPU
_base_ = [
    '../_base_/datasets/rooms-scannet-det.py',
    '../_base_/models/cagroup3d_scannet.py',
    '../_base_/default_runtime.py',
]

sizes = dict(
    channels=[16, 32, 64, 96],
    num_heads=[2, 4, 8, 8],
    window_sizes=[5, 5, 5, 5],
    quant_size=4,
    signals={{_base_.signals}},
)
model = dict(
    data_preprocessor=dict(voxel_size={{_base_.voxel_size}}),
    backbone=dict(
        type='Swin3D',
        in_channels=6,
        depths=[1, 1, 2, 2],
        down_stride=2,
        stem_transformer=False,
        drop_path_rate=0.0,
        out_indices=(0, 1, 2, 3),
        **sizes,
    ),
    neck=dict(type='Swin3DDecoder', attention=False, out_level=1, **sizes),
    bbox_head=dict(in_channels=32, channels=32, kernel_size=3, expand_kernel_size=3),
    roi_head=dict(in_channels=32, channels=32, grid_size=5, kernel_size=3, fc_channels=[64], dropout=0.0),
    train_cfg=dict(num_rois=64),
    test_cfg=dict(nms_pre=100),
)
max_epochs = 14
train_dataloader = dict(batch_size=4)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.004, weight_decay=0.01),
    clip_grad=dict(max_norm=10, norm_type=2),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=15),
    dict(type='CosineAnnealingLR', eta_min_ratio=0.01, T_max=max_epochs, convert_to_iter_based=True),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=max_epochs)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
custom_hooks = [dict(type='SemanticThresholdHook', start=0.1, step=0.02, minimum=0.05)]
default_hooks = dict(
    logger=dict(interval=10),
    checkpoint=dict(interval=2, save_best='mAP_0.25'),
)
