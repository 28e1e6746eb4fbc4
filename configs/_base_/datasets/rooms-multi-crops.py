# Generated rooms for Sonata: two large and two small overlapping crops of a scan, with normals, 10 cm voxels;
# areas 1, 2, 3, 4 and 6, no labels.
_base_ = ['./indoor-multi-crops.py', './rooms-scans.py']

max_points = 4000  # of a crop

thin_view = [_base_.grid_sample, dict(type='NormalizeColorSigned')]
crops = dict(
    _base_.multi_crop,
    num_local=2,
    max_points=max_points,
    global_pipeline=[*_base_.move_view, *thin_view],
    local_pipeline=[*_base_.move_view, *_base_.color_view, *thin_view],
)
train_pipeline = [*_base_.load_points_and_normals, crops, _base_.pack_views]
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
