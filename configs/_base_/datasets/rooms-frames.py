# Generated rooms for pretraining: the cloud of a scene with several of its frames, normals, 10 cm voxels;
# areas 1, 2, 3, 4 and 6, no labels.
_base_ = ['./endless-samples.py', './rooms-scans.py']

max_voxels = 4000

load_frames = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadNormals'),
    dict(type='LoadRGBDFrames', num_frames=3),
    dict(type='MatchVisiblePixels', tolerance=0.05),  # crops then lie where frames look
]
train_pipeline = [
    *load_frames,
    dict(type='CropFrames', size=(320, 240), min_kept=0.0),
    dict(type='FlipFrames', prob=0.5),
    dict(type='GlobalRotScaleTrans', rot_range=[-_base_.pi, _base_.pi], scale_ratio_range=[0.8, 1.2]),
    dict(type='RandomJitterPoints', jitter_std=[0.005] * 3, clip_range=[-0.02, 0.02]),
    dict(type='PositiveShift'),
    _base_.grid_sample,
    dict(type='SphereCrop', max_points=max_voxels),
    dict(type='NormalizeColorSigned'),
    dict(type='PackPretrainInputs'),
]
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    dataset=dict(_base_.scans, type='RGBDSceneDataset', pipeline=train_pipeline),
)
