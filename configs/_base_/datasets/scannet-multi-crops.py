# Scans of ScanNet for Sonata: two large and four small crops of a scan, 2 cm voxels. Numbers: the released
# config (Pointcept, sonata/pretrain-sonata-v1m2-0-uni-teacher-head), which trains on five more data sets.
_base_ = ['./indoor-multi-crops.py', './scannet-scans.py']

thin_view = [_base_.grid_sample, dict(type='NormalizeColorSigned')]
crops = dict(
    _base_.multi_crop,
    global_pipeline=[*_base_.move_view, *thin_view],
    local_pipeline=[*_base_.move_view, *_base_.color_view, *thin_view],
)
train_pipeline = [*_base_.load_points, _base_.grid_sample, crops, _base_.pack_views]
auto_scale_lr = dict(enable=False, base_batch_size=96)
train_dataloader = dict(
    batch_size=12,  # a device, of which there are eight
    dataset=dict(
        _base_.scans,
        ann_file=[f'scannet_infos_{split}.pkl' for split in ('train', 'val', 'test')],
        pipeline=train_pipeline,
    ),
)
