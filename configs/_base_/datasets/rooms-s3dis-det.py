# Generated rooms in the layout of S3DIS, boxes of 5 classes, xyz and rgb; area 5 is held out:
# python -m swin3d_mmdet3d.tools.make_rooms --domain s3dis \
#     --out data/rooms_s3dis --rooms 120 --points 30000
data_root = 'data/rooms_s3dis/'
max_points = 12000
train_areas = (1, 2, 3, 4, 6)
test_area = 5

load_points = [
    dict(type='LoadColoredPoints'),
    dict(
        type='LoadSceneAnnotations',
        with_bbox_3d=True,
        with_label_3d=True,
        with_mask_3d=True,
        with_seg_3d=True,
    ),
    dict(type='MapSemanticLabels'),
]
augment_points = [
    dict(
        type='RandomFlip3D',
        sync_2d=False,
        flip_ratio_bev_horizontal=0.5,
        flip_ratio_bev_vertical=0.5,
    ),
    dict(
        type='GlobalRotScaleTrans',
        rot_range=[-0.087266, 0.087266],
        scale_ratio_range=[0.9, 1.1],
        translation_std=[0.1, 0.1, 0.1],
    ),
    dict(type='NormalizeColorSigned'),
    dict(
        type='Pack3DDetInputs',
        keys=['points', 'gt_bboxes_3d', 'gt_labels_3d', 'pts_semantic_mask', 'pts_instance_mask'],
    ),
]
train_pipeline = [*load_points, dict(type='BoxKeepingCrop', max_points=max_points), *augment_points]
# Whole scenes with all their points, in the frame of the boxes; the metric reads those from eval_ann_info.
test_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points']),
]

auto_scale_lr = dict(enable=False, base_batch_size=2)
train_dataloader = dict(
    batch_size=2,
    num_workers=0,  # of two cores, a worker would take its share from the training
    persistent_workers=False,
    # endless: mmengine's loop by iterations sleeps two seconds at the end of a finite one
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='RepeatDataset',
        times=1,
        dataset=dict(
            type='ConcatDataset',
            datasets=[
                dict(
                    type='S3DISDetDataset',
                    data_root=data_root,
                    ann_file=f's3dis_infos_Area_{area}.pkl',
                    pipeline=train_pipeline,
                    filter_empty_gt=True,
                    box_type_3d='Depth',
                )
                for area in train_areas
            ],
        ),
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    persistent_workers=False,
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
