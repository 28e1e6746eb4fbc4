# Scans of ScanNet with posed frames for Concerto: crops as for Sonata, four frames of the scan beside them;
# frames as prepare_rgbd_frames writes them. Crops and colours: the released config (Pointcept,
# concerto/pretrain-concerto-v1m1-0-base), whose images are 518 x 518.
_base_ = ['./scannet-multi-crops.py']

drop_color = dict(type='RandomDropColor', prob=0.2)
train_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadRGBDFrames', num_frames=4, max_depth=10.0),
    dict(type='MatchVisiblePixels', tolerance=0.05),
    dict(type='ResizeFrames', size=(644, 476)),  # 46 x 34 patches of 14
    dict(type='SourceCoords'),
    dict(type='GridSample', voxel_size=_base_.voxel_size),
    dict(
        _base_.crops,
        global_pipeline=[*_base_.crops.global_pipeline, drop_color],
        local_pipeline=[dict(type='DropFrames'), *_base_.crops.local_pipeline, drop_color],
    ),
    _base_.pack_views,
]
train_dataloader = dict(
    batch_size=6,  # a device, of which there are sixteen
    num_workers=8,
    dataset=dict(type='RGBDSceneDataset', ann_file='scannet_infos_train.pkl', pipeline=train_pipeline),
)
