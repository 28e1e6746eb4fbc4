# Rooms of S3DIS for pretraining without labels: two crops of 60 % of a room, 4 cm voxels; all areas but area
# 5, or the one that the environment variable S3DIS_TEST_AREA names.
_base_ = ['./indoor-crops.py', './s3dis-scans.py']

max_points = 200000  # of the room, of which a crop has 60 %

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
        type='MultiCrop',
        num_global=2,
        global_ratio=(0.6, 0.6),
        max_points=max_points,
        global_pipeline=augment_view,
    ),
    _base_.pack_views,
]
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=4,  # a device, of which there are four
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
