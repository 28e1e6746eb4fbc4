# Pairs of every 25th RGB-D frame of ScanNet that overlap by 30 %, each turned about any axis, one colour
# everywhere, 2.5 cm voxels (arXiv 2007.10985, section 3.4; facebookresearch/PointContrast, training script).
_base_ = ['./scannet-streams.py']

voxel_size = 0.025  # m

frame_pipeline = [
    dict(type='BackProjectFrames', max_depth=10.0),
    dict(type='SourceCoords'),
    dict(type='DropFrames'),
    *(dict(type='RandomAxisRotation', axis=axis, angle_range=[-_base_.pi, _base_.pi]) for axis in 'xyz'),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=voxel_size),
    # shape alone: every point is black, -1 in [-1, 1]
    dict(type='RandomDropPointsColor', drop_ratio=1.0),
    dict(type='NormalizeColorSigned'),
]
train_pipeline = [
    dict(type='LoadRGBDFrames', num_frames=2, max_depth=10.0),
    dict(type='FrameViews', num_views=2, pipeline=frame_pipeline),
    dict(type='PackPretrainInputs'),
]
auto_scale_lr = dict(enable=False, base_batch_size=32)
train_dataloader = dict(
    batch_size=4,  # a device, of which the script has eight
    dataset=dict(_base_.scans, type='RGBDPairDataset', min_overlap=0.3, pipeline=train_pipeline),
)
