# Generated rooms for pretraining: the cloud of a scene with several of its frames, normals, 10 cm voxels;
# areas 1, 2, 3, 4 and 6, no labels.
pi = 3.141592653589793
data_root = 'data/rooms/'
voxel_size = 0.1  # m
max_voxels = 4000

train_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadNormals'),
    dict(type='LoadRGBDFrames', num_frames=3),
    dict(type='MatchVisiblePixels', tolerance=0.05),
    dict(type='CropFrames', size=(320, 240), min_kept=0.0),
    dict(type='FlipFrames', prob=0.5),
    dict(type='GlobalRotScaleTrans', rot_range=[-pi, pi], scale_ratio_range=[0.8, 1.2]),
    dict(type='RandomJitterPoints', jitter_std=[0.005] * 3, clip_range=[-0.02, 0.02]),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='SphereCrop', max_points=max_voxels),
    dict(type='NormalizeColorSigned'),
    dict(type='PackPretrainInputs'),
]
auto_scale_lr = dict(enable=False, base_batch_size=2)
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='RGBDSceneDataset',
        data_root=data_root,
        ann_file=[f's3dis_infos_Area_{area}.pkl' for area in (1, 2, 3, 4, 6)],
        pipeline=train_pipeline,
    ),
)
