# Generated rooms for pretraining by clusters of cells, without labels: a scan turned, its colours changed,
# with normals, 10 cm voxels; areas 1, 2, 3, 4 and 6. `paired_pipeline` makes two crops of each
# that overlap, those of PointContrast.
_base_ = ['./indoor-crops.py', './rooms-scans.py']

max_voxels = 4000

augment_scan = [*_base_.augment_view, _base_.grid_sample]
train_pipeline = [
    *_base_.load_points_and_normals,
    *augment_scan,
    dict(type='SphereCrop', max_points=max_voxels),
    *_base_.finish_view,
    _base_.pack_views,
]
paired_crops = dict(
    type='MultiCrop',
    num_global=2,
    global_ratio=(0.6, 1.0),
    max_points=8000,
    global_pipeline=[*augment_scan, *_base_.finish_view],
)
paired_pipeline = [*_base_.load_points_and_normals, paired_crops, _base_.pack_views]
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
