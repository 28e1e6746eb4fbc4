# ScanNet, boxes of 18 classes, xyz and rgb: random samples of whole scans, without crops, as FCAF3D and TR3D
# are published (mmdetection3d, configs/fcaf3d/fcaf3d_2xb8_scannet-3d-18class and
# projects/TR3D/configs/tr3d_1xb16_scannet-3d-18class). Colours lie in [-1, 1] in place of [0, 1].
data_root = 'data/scannet/'

load_points = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadSceneAnnotations', with_bbox_3d=True, with_label_3d=True),
    dict(type='GlobalAlignment', rotation_axis=2),
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
    dict(type='PointSample', num_points=0.33),  # a third to all of them
    flip_points,
    dict(
        type='GlobalRotScaleTrans',
        rot_range=[-0.02, 0.02],
        scale_ratio_range=[0.9, 1.1],
        translation_std=[0.1, 0.1, 0.1],
    ),
    *pack_points,
]
test_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='GlobalAlignment', rotation_axis=2),
    dict(type='PointSample', num_points=100000),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points']),
]
tr3d_test_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='GlobalAlignment', rotation_axis=2),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points']),
]

# FCAF3D: the list of scans is repeated 10 times per epoch (12 epochs); 16 scans a step, on 2 GPUs
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=8,  # a device
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='RepeatDataset',
        times=10,
        dataset=dict(
            type='ScanNetDetDataset',
            data_root=data_root,
            ann_file='scannet_infos_train.pkl',
            pipeline=train_pipeline,
            filter_empty_gt=True,
            box_type_3d='Depth',
        ),
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ScanNetDetDataset',
        data_root=data_root,
        ann_file='scannet_infos_val.pkl',
        pipeline=test_pipeline,
        box_type_3d='Depth',
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='PresentClassIndoorMetric')
test_evaluator = dict(type='PresentClassIndoorMetric')
