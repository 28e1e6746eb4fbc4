# Generated rooms for Masked Scene Contrast: two overlapping crops of a scan, the first mixed with another's,
# 10 cm voxels; areas 1, 2, 3, 4 and 6, no labels.
_base_ = ['./indoor-mixed-crops.py', './rooms-scans.py']

max_points = 8000  # of a crop

thin_view = [dict(type='PositiveShift'), _base_.grid_sample, dict(type='NormalizeColorSigned')]
crop_another = dict(type='SphereCrop', max_points=max_points)
another_scan = [*_base_.load_points_and_normals, crop_another, *_base_.augment_view]
mixed_view = [*_base_.augment_view, dict(type='Mix3D', pre_transform=another_scan, prob=_base_.mix_prob)]
crops = dict(
    _base_.two_crops,
    global_ratio=(0.6, 1.0),
    local_ratio=(0.6, 1.0),
    max_points=max_points,
    global_pipeline=[*mixed_view, *thin_view],
    local_pipeline=[*_base_.augment_view, *thin_view],
)
train_pipeline = [*_base_.load_points_and_normals, crops, _base_.pack_views]
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
