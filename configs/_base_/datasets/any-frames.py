# Any folder of posed RGB-D frames for pretraining: each frame's cloud with estimated normals, 10 cm voxels.
_base_ = ['./endless-samples.py']

data_root = 'data/frames/'
voxel_size = 0.1  # m

train_pipeline = [
    dict(type='LoadRGBDFrames', num_frames=1),
    dict(type='BackProjectFrames', max_depth=6.0),
    dict(type='ResizeFrames', size=(320, 240)),
    dict(type='FlipFrames', prob=0.5),
    # thinned out before normals are estimated; their grid follows the cloud's corner again further down
    dict(type='GridSample', voxel_size=voxel_size / 2),
    dict(type='EstimateNormals'),
    dict(type='GlobalRotScaleTrans', rot_range=[-_base_.pi, _base_.pi], scale_ratio_range=[0.8, 1.2]),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='NormalizeColorSigned'),
    dict(type='PackPretrainInputs'),
]
auto_scale_lr = dict(enable=False, base_batch_size=4)
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    dataset=dict(type='RGBDFrameDataset', data_root=data_root, pipeline=train_pipeline),
)
