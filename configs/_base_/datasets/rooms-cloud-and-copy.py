# Generated rooms for pretraining: the cloud of a scene with several of its frames, and a turned, scaled and
# mirrored copy of it; normals, 10 cm voxels; areas 1, 2, 3, 4 and 6, no labels.
_base_ = ['./rooms-frames.py', './indoor-copies.py']

voxels = dict(type='GridSample', voxel_size=_base_.voxel_size)
copy = [*_base_.move_copy, voxels, *_base_.finish_view]
train_pipeline = [
    *_base_.load_frames,
    dict(type='SourceCoords'),
    dict(type='CropFrames', size=(320, 240), min_kept=0.0),
    dict(type='PositiveShift'),
    voxels,
    dict(type='SphereCrop', max_points=_base_.max_voxels),
    dict(type='MakeViews', pipelines=[_base_.finish_view, copy]),
    dict(type='PackPretrainInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
