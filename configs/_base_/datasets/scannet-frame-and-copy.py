# RGB-D frames of ScanNet, as prepare_rgbd_frames writes them: a frame's pixels become its cloud, and a
# turned, scaled and mirrored copy of it; 2.5 cm voxels, images of 640 x 480.
_base_ = ['./scannet-frames.py', './indoor-copies.py']

voxels = dict(type='GridSample', voxel_size=_base_.voxel_size)
copy = [*_base_.move_copy, voxels, *_base_.finish_view]
train_pipeline = [
    dict(type='LoadRGBDFrames', num_frames=1, max_depth=10.0),
    dict(type='BackProjectFrames', max_depth=10.0),
    dict(type='SourceCoords'),
    dict(type='ResizeFrames', size=(640, 480)),
    dict(type='PositiveShift'),
    voxels,
    dict(type='MakeViews', pipelines=[_base_.finish_view, copy]),
    dict(type='PackPretrainInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
