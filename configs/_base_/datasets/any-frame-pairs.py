# Any folder of posed RGB-D frames for pretraining: two frames of a scene that overlap by 30 %, each a cloud
# with estimated normals, 10 cm voxels.
_base_ = ['./indoor-crops.py']

data_root = 'data/frames/'
voxel_size = 0.1  # m

frame_pipeline = [
    dict(type='BackProjectFrames', max_depth=6.0),
    dict(type='SourceCoords'),
    # thinned out before normals are estimated; their grid follows the cloud's corner again further down
    dict(type='GridSample', voxel_size=voxel_size / 2),
    dict(type='EstimateNormals'),
    dict(type='DropFrames'),
    *_base_.augment_view,
    dict(type='GridSample', voxel_size=voxel_size),
    *_base_.finish_view,
]
train_pipeline = [
    dict(type='LoadRGBDFrames', num_frames=2),
    dict(type='FrameViews', num_views=2, pipeline=frame_pipeline),
    _base_.pack_views,
]
auto_scale_lr = dict(enable=False, base_batch_size=4)
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    dataset=dict(type='RGBDPairDataset', data_root=data_root, min_overlap=0.3, pipeline=train_pipeline),
)
