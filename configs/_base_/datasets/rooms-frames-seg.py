# Generated rooms with labels and two of their frames a sample, for objectives beside labels. Crops and tests
# are those of rooms without frames.
_base_ = ['./rooms-seg.py']

load_frames = [
    dict(type='FindSceneFrames'),
    dict(type='LoadRGBDFrames', num_frames=2),
    dict(type='MatchVisiblePixels', tolerance=0.05),
    dict(type='FlipFrames', prob=0.5),
]
# around any point, as without frames; with voxels of 10 cm hardly a crop is without a pixel
augment_points = [
    dict(step, anchor='random') if step.type == 'SphereCrop' else step for step in _base_.augment_points[:-1]
]
pack_fields = dict(type='PackFieldInputs', keys=['points', 'pts_semantic_mask'])
train_pipeline = [*_base_.load_points_and_normals, *load_frames, *augment_points, pack_fields]
train_dataloader = dict(
    # an endless sampler: a training by iterations has no epochs
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(dataset=dict(pipeline=train_pipeline)),
)
