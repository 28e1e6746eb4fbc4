# Scans of ScanNet in which an object of ShapeNet moves, for pretraining without labels: 2 cm voxels
_base_ = ['./indoor-sequences.py', './scannet-scans.py']

max_points = 60000  # of the scene around the object's way

augment_view = [
    *_base_.augment_view,
    dict(type='GridSample', voxel_size=_base_.voxel_size),
    *_base_.finish_view,
]
train_pipeline = [
    *_base_.load_points,
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
    batch_size=2,  # a device, of which there are eight
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
