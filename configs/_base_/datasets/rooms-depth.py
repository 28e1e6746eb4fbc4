# Frames of generated rooms as clouds and as depth maps, in two views with crops of their own, estimated
# normals, 10 cm voxels; areas 1, 2, 3, 4 and 6.
_base_ = ['./rooms-frames.py']

max_voxels = 2000

view_pipeline = [
    dict(type='ResizeFrames', size=(160, 120), ratio_range=(1.1, 1.4)),  # crops of 0.7 to 0.9 of the edges
    dict(type='CropFrames', size=(160, 120)),
    dict(type='FlipFrames', prob=0.5),
    dict(type='KeepShownPoints'),
    dict(type='EraseDepth', drop=0.2, box=(0.2, 0.4)),
    dict(type='GlobalRotScaleTrans', rot_range=[-_base_.pi, _base_.pi], scale_ratio_range=[0.8, 1.2]),
    dict(type='RandomFlip3D', sync_2d=False, flip_ratio_bev_horizontal=0.5, flip_ratio_bev_vertical=0.5),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=_base_.voxel_size),
    dict(type='SphereCrop', max_points=max_voxels),  # few frames have more
    dict(type='NormalizeColorSigned'),
]
train_pipeline = [
    dict(type='LoadRGBDFrames', num_frames=1),
    dict(type='BackProjectFrames', max_depth=8.0),
    dict(type='KeepDepth'),
    # thinned out before normals are estimated; their grid follows the cloud's corner again further down
    dict(type='GridSample', voxel_size=_base_.voxel_size / 2),
    dict(type='EstimateNormals'),
    dict(type='MakeViews', pipelines=[view_pipeline, view_pipeline]),
    dict(type='PackPretrainInputs'),
]
auto_scale_lr = dict(base_batch_size=4)
train_dataloader = dict(batch_size=4, dataset=dict(type='RGBDFrameDataset', pipeline=train_pipeline))
