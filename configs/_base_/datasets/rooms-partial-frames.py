# Generated rooms for pretraining without labels: a scan and what a camera sees on a walk through it, with
# normals, 10 cm voxels; areas 1, 2, 3, 4 and 6.
_base_ = ['./indoor-crops.py', './rooms-scans.py']

max_points = 8000  # of the scan, thinned out to 5 cm

load_scans = [
    *_base_.load_points_and_normals,
    dict(type='GridSample', voxel_size=_base_.voxel_size / 2),
]
partial_frames = dict(
    type='PartialFrames',
    spacing=_base_.voxel_size,
    num_frames=4,
    max_points=max_points,
    complete_pipeline=[dict(type='PositiveShift'), _base_.grid_sample, _base_.finish_view[0]],
    frame_pipeline=[*_base_.augment_view, _base_.grid_sample, *_base_.finish_view],
)
train_pipeline = [*load_scans, partial_frames, _base_.pack_views]
shuffled_pipeline = [*load_scans, dict(partial_frames, shuffle=True), _base_.pack_views]
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
