# Scans of ScanNet in which an object of ShapeNet moves, for pretraining without labels: 2 cm voxels
_base_ = ['./indoor-sequences.py', './scannet-scans.py']

sequence_views = dict(
    _base_.sequence_views,
    pipeline=[*_base_.augment_view, _base_.grid_sample, *_base_.finish_view],
    finish_pipeline=[_base_.grid_sample, _base_.finish_view[0]],
)
train_pipeline = [*_base_.load_points, _base_.insert_shapenet_object, sequence_views, _base_.pack_views]
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=2,  # a device, of which there are eight
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
