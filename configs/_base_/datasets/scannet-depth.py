# Every 25th frame of ScanNet as a cloud and as a depth map, in two views (arXiv 2207.04997;
# github.com/lilanxiao/Invar3D): both formats have one crop of 0.7 to 0.9 of the edges; the map is mirrored,
# loses a fifth of its pixels and a box; the cloud is turned, mirrored and scaled. 2.5 cm voxels.
_base_ = ['./scannet-frames.py']

view_pipeline = [
    dict(type='ResizeFrames', size=(320, 240), ratio_range=(1.1, 1.4)),
    dict(type='CropFrames', size=(320, 240)),
    dict(type='FlipFrames', prob=0.5),
    dict(type='KeepShownPoints'),
    dict(type='EraseDepth', drop=0.2, box=(0.2, 0.4)),
    dict(type='GlobalRotScaleTrans', rot_range=[-_base_.pi, _base_.pi], scale_ratio_range=[0.7, 1.3]),
    dict(type='RandomFlip3D', sync_2d=False, flip_ratio_bev_horizontal=0.5, flip_ratio_bev_vertical=0.5),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=_base_.voxel_size),
    dict(type='NormalizeColorSigned'),
]
train_pipeline = [
    dict(type='LoadRGBDFrames', num_frames=1, max_depth=8.0),
    dict(type='BackProjectFrames', max_depth=8.0),
    dict(type='KeepDepth'),
    dict(type='MakeViews', pipelines=[view_pipeline, view_pipeline]),
    dict(type='PackPretrainInputs'),
]
auto_scale_lr = dict(base_batch_size=64)
train_dataloader = dict(
    batch_size=32,  # a device, of which the release has two
    dataset=dict(pipeline=train_pipeline),
)
