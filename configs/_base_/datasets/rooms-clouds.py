# Generated rooms for pretraining without labels, a cloud a sample, with normals, 10 cm voxels; areas 1, 2, 3,
# 4 and 6. Rooms are turned and jittered, as by the recipes that follow; hues stay.
_base_ = ['./indoor-clouds.py', './rooms-scans.py']

max_voxels = 4000

train_pipeline = [
    *_base_.load_points_and_normals,
    dict(type='GlobalRotScaleTrans', rot_range=[-_base_.pi, _base_.pi], scale_ratio_range=[0.8, 1.2]),
    dict(type='RandomJitterPoints', jitter_std=[0.005] * 3, clip_range=[-0.02, 0.02]),
    *_base_.change_colors,
    dict(type='PositiveShift'),
    _base_.grid_sample,
    dict(type='SphereCrop', max_points=max_voxels),
    *_base_.pack_points,
]
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
