# Scans of ScanNet with posed frames for Concerto: crops as for Sonata, four frames of the scan beside them;
# frames as prepare_rgbd_frames writes them. Crops and colours: the released config (Pointcept,
# concerto/pretrain-concerto-v1m1-0-base), whose images are 518 x 518.
_base_ = ['./indoor-multi-crops.py']

data_root = 'data/scannet/'
voxel_size = 0.02  # m
max_points = 65536  # of the scan, of which a large crop has 40 to 100 %

thin_view = [
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='NormalizeColorSigned'),
    dict(type='RandomDropColor', prob=0.2),
]
train_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadRGBDFrames', num_frames=4, max_depth=10.0),
    dict(type='MatchVisiblePixels', tolerance=0.05),
    dict(type='ResizeFrames', size=(644, 476)),  # 46 x 34 patches of 14
    dict(type='SourceCoords'),
    dict(type='GridSample', voxel_size=voxel_size),
    dict(
        type='MultiCrop',
        num_global=2,
        num_local=4,
        global_ratio=(0.4, 1.0),
        local_ratio=(0.1, 0.4),
        max_points=max_points,
        shared_pipeline=_base_.color_view,
        global_pipeline=[*_base_.move_view, *thin_view],
        local_pipeline=[dict(type='DropFrames'), *_base_.move_view, *_base_.color_view, *thin_view],
    ),
    _base_.pack_views,
]
auto_scale_lr = dict(enable=False, base_batch_size=96)
train_dataloader = dict(
    batch_size=6,  # a device, of which there are sixteen
    num_workers=8,
    dataset=dict(
        type='RGBDSceneDataset',
        data_root=data_root,
        ann_file='scannet_infos_train.pkl',
        pipeline=train_pipeline,
    ),
)
