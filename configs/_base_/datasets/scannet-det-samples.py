# ScanNet, boxes of 18 classes, xyz and rgb: random samples of whole scans, without crops, as FCAF3D and TR3D
# are published (mmdetection3d, configs/fcaf3d/fcaf3d_2xb8_scannet-3d-18class and
# projects/TR3D/configs/tr3d_1xb16_scannet-3d-18class). Colours lie in [-1, 1] in place of [0, 1].
_base_ = ['./indoor-det.py']

data_root = 'data/scannet/'
# m, of the network, which keeps the first point of a voxel, a random one: PointSample shuffles
voxel_size = 0.01

load_points = [*_base_.load_points_and_boxes, _base_.align_points]
train_pipeline = [
    *load_points,
    dict(type='PointSample', num_points=100000),
    _base_.flip_points,
    _base_.turn_points,
    *_base_.pack_boxes,
]
tr3d_train_pipeline = [
    *load_points,
    dict(type='PointSample', num_points=0.33),  # a third to all of them
    _base_.flip_points,
    dict(_base_.turn_points, rot_range=[-0.02, 0.02]),
    *_base_.pack_boxes,
]
test_pipeline = [
    dict(type='LoadColoredPoints'),
    _base_.align_points,
    dict(type='PointSample', num_points=100000),
    *_base_.pack_points,
]
tr3d_test_pipeline = [dict(type='LoadColoredPoints'), _base_.align_points, *_base_.pack_points]

settings = dict(type='ScanNetDetDataset', data_root=data_root)
train_set = dict(settings, **_base_.trained, ann_file='scannet_infos_train.pkl', pipeline=train_pipeline)
# FCAF3D: the list of scans is repeated 10 times per epoch (12 epochs); 16 scans a step, on 2 GPUs
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=8,  # a device
    dataset=dict(type='RepeatDataset', times=10, dataset=train_set),
)
val_dataloader = dict(
    dataset=dict(settings, **_base_.tested, ann_file='scannet_infos_val.pkl', pipeline=test_pipeline)
)
test_dataloader = val_dataloader
