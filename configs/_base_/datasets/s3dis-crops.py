# Rooms of S3DIS for pretraining without labels: two crops of 60 % of a room, 4 cm voxels; all areas but area
# 5, or the one that the environment variable S3DIS_TEST_AREA names.
_base_ = ['./indoor-crops.py', './s3dis-scans.py']

max_points = 200000  # of the room, of which a crop has 60 %

augment_view = [*_base_.augment_view, _base_.grid_sample, *_base_.finish_view]
crops = dict(_base_.two_crops, max_points=max_points, global_pipeline=augment_view)
train_pipeline = [*_base_.load_points, _base_.thin_room, crops, _base_.pack_views]
train_dataloader = dict(
    batch_size=4,  # a device, of which there are four
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
