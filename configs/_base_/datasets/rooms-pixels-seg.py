# Generated rooms with labels, seen by three of their frames in training and by all six in tests: for networks
# of images. Crops lie where frames look.
_base_ = ['./rooms-seg.py']

find_frames = dict(type='FindSceneFrames')
match_pixels = dict(type='MatchVisiblePixels', tolerance=0.05)
pack_labels = dict(type='PackFieldInputs', keys=['points', 'pts_semantic_mask'])
train_pipeline = [
    *_base_.load_points_and_normals,
    find_frames,
    dict(type='LoadRGBDFrames', num_frames=3),
    match_pixels,
    dict(type='CropFrames', size=(320, 240), min_kept=0.0),
    dict(type='FlipFrames', prob=0.5),
    dict(type='JitterFrameColors', strength=0.2, prob=0.8),
    *_base_.augment_points[:-1],
    pack_labels,
]
load_all_frames = [
    *_base_.load_points_and_normals,
    find_frames,
    dict(type='LoadRGBDFrames', num_frames=6),
    match_pixels,
]
pack_fields = dict(type='PackFieldInputs', keys=['points'])
test_pipeline = [*load_all_frames, *_base_.evaluate_points[:-1], pack_fields]
vote_points = dict(_base_.vote_points, transforms=[*_base_.vote_points.transforms[:-1], [pack_fields]])
tta_pipeline = [*load_all_frames, vote_points]
train_dataloader = dict(
    # an endless sampler: a training by iterations has no epochs
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(dataset=dict(pipeline=train_pipeline)),
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
