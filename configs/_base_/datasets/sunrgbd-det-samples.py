# SUN RGB-D: 100,000 draws with replacement of a view's points, as FCAF3D and TR3D are published
# (mmdetection3d, configs/fcaf3d/fcaf3d_2xb8_sunrgbd-3d-10class and
# projects/TR3D/configs/tr3d_1xb16_sunrgbd-3d-10class).
_base_ = ['./sunrgbd-det.py']

voxel_size = 0.01  # m, of the network
sample_points = dict(type='PointSample', num_points=100000)
train_pipeline = [*_base_.load_points, sample_points, *_base_.augment_points]
test_pipeline = [_base_.load_points[0], sample_points, *_base_.pack_points]
train_dataloader = dict(
    batch_size=8,  # on each of two GPUs
    dataset=dict(dataset=dict(pipeline=train_pipeline)),
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
