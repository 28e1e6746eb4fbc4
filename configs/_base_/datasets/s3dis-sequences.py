# Rooms of S3DIS in which an object of ShapeNet moves, for pretraining without labels: 4 cm voxels; all areas
# but area 5, or the one that the environment variable S3DIS_TEST_AREA names
_base_ = ['./indoor-sequences.py', './s3dis-scans.py']

sequence_views = dict(
    _base_.sequence_views,
    pipeline=[*_base_.augment_view, _base_.grid_sample, *_base_.finish_view],
    finish_pipeline=[_base_.grid_sample, _base_.finish_view[0]],
)
train_pipeline = [
    *_base_.load_points,
    _base_.thin_room,
    _base_.insert_shapenet_object,
    sequence_views,
    _base_.pack_views,
]
train_dataloader = dict(
    batch_size=4,  # a device, of which there are four
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
