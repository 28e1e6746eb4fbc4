# Generated rooms for pretraining without labels: two overlapping crops of a scan, with normals, 10 cm voxels;
# areas 1, 2, 3, 4 and 6.
_base_ = ['./indoor-crops.py', './rooms-scans.py']

max_points = 8000  # of a crop

augment_view = [*_base_.augment_view, _base_.grid_sample, *_base_.finish_view]
crops = dict(_base_.two_crops, global_ratio=(0.6, 1.0), max_points=max_points, global_pipeline=augment_view)
train_pipeline = [*_base_.load_points_and_normals, crops, _base_.pack_views]
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
