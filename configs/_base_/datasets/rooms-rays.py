# Generated rooms for pretraining by rendering: a fifth of the points of a scene, with rays of several of its
# frames that end in the crop, normals, 10 cm voxels; areas 1, 2, 3, 4 and 6.
# Points left out: release of PonderV2 (arXiv 2310.08586, aad65d6), configs/scannet.
pi = 3.141592653589793
data_root = 'data/rooms/'
voxel_size = 0.1  # m
max_voxels = 4000

draw_rays = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadNormals'),
    dict(type='LoadRGBDFrames', num_frames=3),
    dict(type='MatchVisiblePixels', tolerance=0.05),  # crops then lie where frames look
    dict(type='SourceCoords'),
    dict(type='GlobalRotScaleTrans', rot_range=[-pi, pi], scale_ratio_range=[0.9, 1.1]),
    dict(type='PositiveShift'),
    dict(type='CameraRays', rays_per_frame=160),
    dict(type='RandomPointDropout', drop_ratio=0.8, prob=1.0),
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='SphereCrop', max_points=max_voxels),
]
pack_points = [dict(type='DropFrames'), dict(type='NormalizeColorSigned'), dict(type='PackPretrainInputs')]
train_pipeline = [*draw_rays, dict(type='CropRays'), *pack_points]
shuffled_pipeline = [*draw_rays, dict(type='CropRays', shuffle=True), *pack_points]
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
