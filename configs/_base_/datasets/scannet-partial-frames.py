# Scans of ScanNet for pretraining without labels: a scan and what a camera sees on a walk through it, ten
# frames as in the release of C2P (arXiv 2212.05330), 2 cm voxels.
_base_ = ['./indoor-crops.py', './scannet-scans.py']

max_points = 120000  # of the scan

partial_frames = dict(
    type='PartialFrames',
    spacing=2.5 * _base_.voxel_size,  # vertices of its meshes lie up to 5 cm apart
    num_frames=10,
    max_points=max_points,
    complete_pipeline=[dict(type='PositiveShift'), _base_.grid_sample, _base_.finish_view[0]],
    frame_pipeline=[*_base_.augment_view, _base_.grid_sample, *_base_.finish_view],
)
train_pipeline = [*_base_.load_points, partial_frames, _base_.pack_views]
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=2,  # a device, of which there are eight
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
