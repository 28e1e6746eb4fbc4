# Generated rooms for pretraining: the cloud of a scene with several of its frames, and a turned, scaled and
# mirrored copy of it; normals, 10 cm voxels; areas 1, 2, 3, 4 and 6, no labels.
_base_ = ['./rooms-frames.py']

half_pi = 3.141592653589793 / 2
finish_view = [dict(type='NormalizeColorSigned')]
augment_copy = [
    dict(type='DropFrames'),
    dict(type='GlobalRotScaleTrans', rot_range=[-half_pi, half_pi], scale_ratio_range=[0.75, 1.25]),
    dict(type='RandomFlip3D', flip_ratio_bev_horizontal=0.5, flip_ratio_bev_vertical=0.5),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=_base_.voxel_size),
]
train_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadNormals'),
    dict(type='LoadRGBDFrames', num_frames=3),
    dict(type='MatchVisiblePixels', tolerance=0.05),
    dict(type='SourceCoords'),
    dict(type='CropFrames', size=(320, 240), min_kept=0.0),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=_base_.voxel_size),
    dict(type='SphereCrop', max_points=_base_.max_voxels),
    dict(type='MakeViews', pipelines=[finish_view, [*augment_copy, *finish_view]]),
    dict(type='PackPretrainInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
