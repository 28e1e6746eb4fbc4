# RGB-D frames of ScanNet for pretraining: every 25th frame of the streams, as prepare_rgbd_frames writes them
# (arXiv 2104.04687, section 4.1). A frame's pixels become its cloud; 2.5 cm voxels.
_base_ = ['./scannet-streams.py']

voxel_size = 0.025  # m

train_pipeline = [
    dict(type='LoadRGBDFrames', num_frames=1, max_depth=10.0),
    dict(type='BackProjectFrames', max_depth=10.0),
    # 2D: flip and random resize (paper); one size for the batch
    dict(type='ResizeFrames', size=(640, 480), ratio_range=(0.8, 1.2)),
    dict(type='CropFrames', size=(640, 480), min_kept=0.5),
    dict(type='FlipFrames', prob=0.5),
    # 3D: scale, rotation, elastic (paper; ranges are ours)
    dict(type='GlobalRotScaleTrans', rot_range=[-_base_.pi, _base_.pi], scale_ratio_range=[0.8, 1.2]),
    dict(type='ElasticDistortion'),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='NormalizeColorSigned'),
    dict(type='PackPretrainInputs'),
]
auto_scale_lr = dict(enable=False, base_batch_size=24)
train_dataloader = dict(
    batch_size=24,  # a device, of which the paper has one
    dataset=dict(_base_.scans, type='RGBDFrameDataset', pipeline=train_pipeline),
)
