# S3DIS, boxes of 5 classes, xyz and rgb: random samples of whole rooms, without crops, as FCAF3D and TR3D are
# published (mmdetection3d, configs/fcaf3d/fcaf3d_2xb8_s3dis-3d-5class and
# projects/TR3D/configs/tr3d_1xb16_s3dis-3d-5class). Colours lie in [-1, 1] in place of [0, 1].
data_root = 'data/s3dis/'
train_areas = (1, 2, 3, 4, 6)
test_area = 5

load_points = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadSceneAnnotations', with_bbox_3d=True, with_label_3d=True),
]
flip_points = dict(
    type='RandomFlip3D',
    sync_2d=False,
    flip_ratio_bev_horizontal=0.5,
    flip_ratio_bev_vertical=0.5,
)
pack_points = [
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points', 'gt_bboxes_3d', 'gt_labels_3d']),
]
# The network keeps the first point of a voxel, which is a random one: PointSample shuffles.
train_pipeline = [
    *load_points,
    dict(type='PointSample', num_points=100000),
    flip_points,
    dict(
        type='GlobalRotScaleTrans',
        rot_range=[-0.087266, 0.087266],
        scale_ratio_range=[0.9, 1.1],
        translation_std=[0.1, 0.1, 0.1],
    ),
    *pack_points,
]
tr3d_train_pipeline = [
    *load_points,
    dict(type='PointSample', num_points=100000),
    flip_points,
    dict(
        type='GlobalRotScaleTrans',
        rot_range=[0.0, 0.0],
        scale_ratio_range=[0.95, 1.05],
        translation_std=[0.1, 0.1, 0.1],
    ),
    *pack_points,
]
test_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='PointSample', num_points=100000),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points']),
]

fcaf3d_train_sets, tr3d_train_sets = (
    [
        dict(
            type='S3DISDetDataset',
            data_root=data_root,
            ann_file=f's3dis_infos_Area_{area}.pkl',
            pipeline=pipeline,
            filter_empty_gt=filter_empty_gt,
            box_type_3d='Depth',
        )
        for area in train_areas
    ]
    for pipeline, filter_empty_gt in ((train_pipeline, True), (tr3d_train_pipeline, False))
)
# FCAF3D: the list of rooms is repeated 13 times per epoch (12 epochs); 16 rooms a step, on 2 GPUs
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=8,  # a device
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='RepeatDataset',
        times=13,
        dataset=dict(type='ConcatDataset', datasets=fcaf3d_train_sets),
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='S3DISDetDataset',
        data_root=data_root,
        ann_file=f's3dis_infos_Area_{test_area}.pkl',
        pipeline=test_pipeline,
        box_type_3d='Depth',
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='PresentClassIndoorMetric')
test_evaluator = dict(type='PresentClassIndoorMetric')
