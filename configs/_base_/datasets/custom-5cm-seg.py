# One's own scans at 5 cm, the voxels of the segmentor that travels with the package
_base_ = ['./custom-seg.py']

voxel_size = 0.05  # m
max_voxels = 8000
train_pipeline = [
    *_base_.load_points_and_normals,
    _base_.turn_points,
    _base_.jitter_points,
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='SphereCrop', max_points=max_voxels),
    *_base_.pack_points,
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
