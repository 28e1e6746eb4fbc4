# Rooms of S3DIS for pretraining without labels: a room and what a camera sees on a walk through it, ten
# frames as in the release of C2P (arXiv 2212.05330), 4 cm voxels; all areas but area 5, or the one that the
# environment variable S3DIS_TEST_AREA names.
_base_ = ['./indoor-crops.py', './s3dis-scans.py']

max_points = 120000  # of the room, thinned out to 2 cm

partial_frames = dict(
    type='PartialFrames',
    spacing=_base_.voxel_size,
    num_frames=10,
    max_points=max_points,
    complete_pipeline=[dict(type='PositiveShift'), _base_.grid_sample, _base_.finish_view[0]],
    frame_pipeline=[*_base_.augment_view, _base_.grid_sample, *_base_.finish_view],
)
train_pipeline = [*_base_.load_points, _base_.thin_room, partial_frames, _base_.pack_views]
train_dataloader = dict(
    batch_size=4,  # a device, of which there are four
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
