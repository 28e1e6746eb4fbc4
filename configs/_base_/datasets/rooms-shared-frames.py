# Generated rooms for image networks: the cloud of a scene with several of its frames, which keep their depth
# and have colours of their own, 10 cm voxels; areas 1, 2, 3, 4 and 6, no labels.
_base_ = ['./rooms-frames.py']

load_cloud = [dict(type='LoadColoredPoints'), dict(type='LoadNormals')]
match_frames = [dict(type='MatchVisiblePixels', tolerance=0.05), dict(type='KeepDepth')]
augment = [
    dict(type='CropFrames', size=(320, 240), min_kept=0.0),
    dict(type='JitterFrameColors', strength=0.4, prob=0.8),
    *_base_.train_pipeline[6:],
]
train_pipeline = [*load_cloud, dict(type='LoadRGBDFrames', num_frames=3), *match_frames, *augment]
# one frame three times, in other crops and colours: what is learnt without a second camera
one_frame_pipeline = [
    *load_cloud,
    dict(type='LoadRGBDFrames', num_frames=1),
    *match_frames,
    dict(type='CopyFrames', copies=3),
    dict(type='ResizeFrames', ratio_range=(1.0, 1.5)),
    *augment,
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
