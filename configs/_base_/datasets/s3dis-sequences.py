# Rooms of S3DIS in which an object of ShapeNet moves, for pretraining without labels: 4 cm voxels; all areas
# but area 5, or the one that the environment variable S3DIS_TEST_AREA names
_base_ = ['./indoor-sequences.py', './s3dis-scans.py']

max_points = 60000  # of the scene around the object's way

augment_view = [
    *_base_.augment_view,
    dict(type='GridSample', voxel_size=_base_.voxel_size),
    *_base_.finish_view,
]
train_pipeline = [
    *_base_.load_points,
    # points lie millimetres apart: thinned out, so that the crops are as large in dense rooms
    dict(type='GridSample', voxel_size=_base_.voxel_size / 2),
    dict(
        _base_.insert_object,
        max_points=max_points,
        up='y',
        objects=dict(
            type='ObjectCloudDataset', data_root='data/ShapeNet55-34/', layout='shapenet55', split='train'
        ),
    ),
    dict(
        type='SequenceViews',
        pipeline=augment_view,
        sequence_pipeline=_base_.augment_view,
        finish_pipeline=[dict(type='GridSample', voxel_size=_base_.voxel_size), _base_.finish_view[0]],
    ),
    _base_.pack_views,
]
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=4,  # a device, of which there are four
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
