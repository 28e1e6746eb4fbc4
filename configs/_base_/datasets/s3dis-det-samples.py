# S3DIS, boxes of 5 classes, xyz and rgb: random samples of whole rooms, without crops, as FCAF3D and TR3D are
# published (mmdetection3d, configs/fcaf3d/fcaf3d_2xb8_s3dis-3d-5class and
# projects/TR3D/configs/tr3d_1xb16_s3dis-3d-5class). Colours lie in [-1, 1] in place of [0, 1].
_base_ = ['./indoor-det.py']

data_root = 'data/s3dis/'
# m, of the network, which keeps the first point of a voxel, a random one: PointSample shuffles
voxel_size = 0.01
train_areas = (1, 2, 3, 4, 6)

load_points = [
    *_base_.load_points_and_boxes,
    dict(type='PointSample', num_points=100000),
    _base_.flip_points,
]
train_pipeline = [*load_points, _base_.turn_points, *_base_.pack_boxes]
tr3d_train_pipeline = [
    *load_points,
    dict(_base_.turn_points, rot_range=[0.0, 0.0], scale_ratio_range=[0.95, 1.05]),
    *_base_.pack_boxes,
]
test_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='PointSample', num_points=100000),
    *_base_.pack_points,
]

settings = dict(type='S3DISDetDataset', data_root=data_root)
fcaf3d_train_sets, tr3d_train_sets = (
    [
        dict(settings, **changes, box_type_3d='Depth', ann_file=f's3dis_infos_Area_{area}.pkl')
        for area in train_areas
    ]
    for changes in (
        dict(pipeline=train_pipeline, filter_empty_gt=True),
        dict(pipeline=tr3d_train_pipeline, filter_empty_gt=False),
    )
)
# FCAF3D: the list of rooms is repeated 13 times per epoch (12 epochs); 16 rooms a step, on 2 GPUs
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=8,  # a device
    dataset=dict(
        type='RepeatDataset',
        times=13,
        dataset=dict(type='ConcatDataset', datasets=fcaf3d_train_sets),
    ),
)
val_dataloader = dict(
    dataset=dict(settings, **_base_.tested, ann_file='s3dis_infos_Area_5.pkl', pipeline=test_pipeline)
)
test_dataloader = val_dataloader
