# Any folder of posed RGB-D frames for pretraining: two frames of a scene that overlap by 30 %, each a cloud
# with estimated normals, 10 cm voxels.
pi = 3.141592653589793
data_root = 'data/frames/'
voxel_size = 0.1  # m

frame_pipeline = [
    dict(type='BackProjectFrames', max_depth=6.0),
    dict(type='SourceCoords'),
    # thinned out before normals are estimated; their grid follows the cloud's corner again further down
    dict(type='GridSample', voxel_size=voxel_size / 2),
    dict(type='EstimateNormals'),
    dict(type='DropFrames'),
    dict(type='GlobalRotScaleTrans', rot_range=[-pi, pi], scale_ratio_range=[0.9, 1.1]),
    dict(type='RandomJitterPoints', jitter_std=[0.005] * 3, clip_range=[-0.02, 0.02]),
    dict(type='ChromaticAutoContrast', prob=0.2),
    dict(type='ChromaticTranslation', prob=0.95, ratio=0.1),
    dict(type='ChromaticJitter', prob=0.95, std=0.05),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='NormalizeColorSigned'),
    dict(type='RandomDropColor', prob=0.2),
]
train_pipeline = [
    dict(type='LoadRGBDFrames', num_frames=2),
    dict(type='FrameViews', num_views=2, pipeline=frame_pipeline),
    dict(type='PackPretrainInputs'),
]
auto_scale_lr = dict(enable=False, base_batch_size=4)
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(type='RGBDPairDataset', data_root=data_root, min_overlap=0.3, pipeline=train_pipeline),
)
