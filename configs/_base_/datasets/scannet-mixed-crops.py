# Scans of ScanNet for Masked Scene Contrast: two crops of 60 % of a scan, the first mixed with another's,
# 2 cm voxels. Numbers: the released config (Pointcept, scannet/pretrain-msc-v1m1-0-spunet-base), except for
# the most points, which are ours.
_base_ = ['./indoor-mixed-crops.py', './scannet-scans.py']

max_points = 200000  # of the scan, of which a crop has 60 %
keep_ratio = 0.6

thin_view = [
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=_base_.voxel_size),
    dict(type='NormalizeColorSigned'),
]
another_scan = [
    *_base_.load_points,
    dict(type='SphereCrop', max_points=int(keep_ratio * max_points), keep_ratio=keep_ratio),
    *_base_.augment_view,
]
mixed_view = [*_base_.augment_view, dict(type='Mix3D', pre_transform=another_scan, prob=_base_.mix_prob)]
train_pipeline = [
    *_base_.load_points,
    dict(
        type='MultiCrop',
        num_global=1,
        num_local=1,
        global_ratio=(keep_ratio, keep_ratio),
        local_ratio=(keep_ratio, keep_ratio),
        max_points=max_points,
        global_pipeline=[*mixed_view, *thin_view],
        local_pipeline=[*_base_.augment_view, *thin_view],
    ),
    _base_.pack_views,
]
auto_scale_lr = dict(enable=False, base_batch_size=32)
train_dataloader = dict(
    batch_size=4,  # a device, of which there are eight
    dataset=dict(
        _base_.scans,
        ann_file=[f'scannet_infos_{split}.pkl' for split in ('train', 'val', 'test')],
        pipeline=train_pipeline,
    ),
)
