# RGB-D frames of ScanNet, as prepare_rgbd_frames writes them: a frame's pixels become its cloud, and a
# turned, scaled and mirrored copy of it; 2.5 cm voxels, images of 640 x 480.
_base_ = ['./scannet-frames.py']

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
    dict(type='LoadRGBDFrames', num_frames=1, max_depth=10.0),
    dict(type='BackProjectFrames', max_depth=10.0),
    dict(type='SourceCoords'),
    dict(type='ResizeFrames', size=(640, 480)),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=_base_.voxel_size),
    dict(type='MakeViews', pipelines=[finish_view, [*augment_copy, *finish_view]]),
    dict(type='PackPretrainInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
