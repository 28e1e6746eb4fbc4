# Generated rooms with a generated object that moves, for pretraining without labels: normals, 10 cm voxels;
# areas 1, 2, 3, 4 and 6. The object's sizes are of a family that the rooms do not have.
_base_ = ['./indoor-sequences.py', './rooms-scans.py']

insert_object = dict(
    _base_.insert_object,
    max_points=2500,  # of the scene around the object's way
    objects=dict(type='GeneratedObjectDataset', num_objects=410, num_points=1024, family='cad'),
)
sequence_views = dict(
    _base_.sequence_views,
    pipeline=[*_base_.augment_view, _base_.grid_sample, *_base_.finish_view],
    finish_pipeline=[_base_.grid_sample, _base_.finish_view[0]],
)
train_pipeline = [*_base_.load_points_and_normals, insert_object, sequence_views, _base_.pack_views]
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
