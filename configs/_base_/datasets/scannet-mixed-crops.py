# Scans of ScanNet for Masked Scene Contrast: two crops of 60 % of a scan, the first mixed with another's,
# 2 cm voxels. Numbers: the released config (Pointcept, scannet/pretrain-msc-v1m1-0-spunet-base), except for
# the most points, which are ours.
_base_ = ['./indoor-mixed-crops.py', './scannet-scans.py']

thin_view = [dict(type='PositiveShift'), _base_.grid_sample, dict(type='NormalizeColorSigned')]
another_scan = [*_base_.load_points, _base_.crop_another, *_base_.augment_view]
mixed_view = [*_base_.augment_view, dict(type='Mix3D', pre_transform=another_scan, prob=_base_.mix_prob)]
crops = dict(
    _base_.two_crops,
    global_pipeline=[*mixed_view, *thin_view],
    local_pipeline=[*_base_.augment_view, *thin_view],
)
train_pipeline = [*_base_.load_points, crops, _base_.pack_views]
auto_scale_lr = dict(enable=False, base_batch_size=32)
train_dataloader = dict(
    batch_size=4,  # a device, of which there are eight
    dataset=dict(
        _base_.scans,
        ann_file=[f'scannet_infos_{split}.pkl' for split in ('train', 'val', 'test')],
        pipeline=train_pipeline,
    ),
)
