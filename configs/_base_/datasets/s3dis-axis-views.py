# Rooms of S3DIS for pretraining with image teachers: a crop of a room and the images that it gives of itself
# along three axes, 4 cm voxels, no labels; all areas but area 5, or the one that the environment variable
# S3DIS_TEST_AREA names.
_base_ = ['./endless-samples.py', './s3dis-scans.py']

max_voxels = 80000

train_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='GlobalRotScaleTrans', rot_range=[-_base_.pi, _base_.pi], scale_ratio_range=[0.8, 1.2]),
    dict(type='RandomJitterPoints', jitter_std=[0.005] * 3, clip_range=[-0.02, 0.02]),
    dict(type='PositiveShift'),
    _base_.grid_sample,
    dict(type='SphereCrop', max_points=max_voxels),
    dict(type='AxisViews'),
    dict(type='NormalizeColorSigned'),
    dict(type='PackPretrainInputs'),
]
auto_scale_lr = dict(enable=False, base_batch_size=4)
train_dataloader = dict(
    batch_size=4,
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
