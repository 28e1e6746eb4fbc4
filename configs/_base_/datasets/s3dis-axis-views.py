# Rooms of S3DIS for pretraining with image teachers: a crop of a room and the images that it gives of itself
# along three axes, 4 cm voxels, no labels; all areas but area 5, or the one that the environment variable
# S3DIS_TEST_AREA names.
pi = 3.141592653589793
data_root = 'data/s3dis/'
voxel_size = 0.04  # m
max_voxels = 80000
test_area = int('{{$S3DIS_TEST_AREA:5}}')

train_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='GlobalRotScaleTrans', rot_range=[-pi, pi], scale_ratio_range=[0.8, 1.2]),
    dict(type='RandomJitterPoints', jitter_std=[0.005] * 3, clip_range=[-0.02, 0.02]),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='SphereCrop', max_points=max_voxels),
    dict(type='AxisViews'),
    dict(type='NormalizeColorSigned'),
    dict(type='PackPretrainInputs'),
]
auto_scale_lr = dict(enable=False, base_batch_size=4)
train_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='S3DISWholeSceneDataset',
        data_root=data_root,
        ann_file=[f's3dis_infos_Area_{area}.pkl' for area in range(1, 7) if area != test_area],
        pipeline=train_pipeline,
    ),
)
