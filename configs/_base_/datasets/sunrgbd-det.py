# SUN RGB-D, boxes of 10 classes with yaw, xyz and rgb, of single views with the camera at the origin.
# Files are those of mmdet3d's converter: 50,000 points a view, colours in 0 .. 1, here in [-1, 1].
# Numbers: FCAF3D and TR3D as published (mmdetection3d, configs/fcaf3d/fcaf3d_2xb8_sunrgbd-3d-10class and
# projects/TR3D/configs/tr3d_1xb16_sunrgbd-3d-10class).
data_root = 'data/sunrgbd/'
voxel_size = 0.02  # m

load_points = [
    dict(type='LoadColoredPoints', max_color=1),
    dict(type='LoadSceneAnnotations', with_bbox_3d=True, with_label_3d=True),
]
augment_points = [
    dict(type='RandomFlip3D', sync_2d=False, flip_ratio_bev_horizontal=0.5),  # left and right alone
    dict(
        type='GlobalRotScaleTrans',
        rot_range=[-0.523599, 0.523599],
        scale_ratio_range=[0.85, 1.15],
        translation_std=[0.1, 0.1, 0.1],
    ),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points', 'gt_bboxes_3d', 'gt_labels_3d']),
]
train_pipeline = [*load_points, dict(type='RandomPointPerVoxel', voxel_size=voxel_size), *augment_points]
# All points of a view; the metric reads the boxes from eval_ann_info.
test_pipeline = [
    dict(type='LoadColoredPoints', max_color=1),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points']),
]
# As published: 100,000 draws with replacement, for the 1 cm voxels of the convolutional baselines
sampled_train_pipeline = [*load_points, dict(type='PointSample', num_points=100000), *augment_points]
sampled_test_pipeline = [
    dict(type='LoadColoredPoints', max_color=1),
    dict(type='PointSample', num_points=100000),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points']),
]

# The list of views is repeated 3 times per epoch (12 epochs); 16 views a step, on 8 GPUs
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=2,  # a device
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='RepeatDataset',
        times=3,
        dataset=dict(
            type='SUNRGBDDetDataset',
            data_root=data_root,
            ann_file='sunrgbd_infos_train.pkl',
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
        type='SUNRGBDDetDataset',
        data_root=data_root,
        ann_file='sunrgbd_infos_val.pkl',
        pipeline=test_pipeline,
        box_type_3d='Depth',
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='PresentClassIndoorMetric')
test_evaluator = dict(type='PresentClassIndoorMetric')
