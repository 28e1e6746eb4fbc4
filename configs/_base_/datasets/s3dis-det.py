# S3DIS, boxes of 5 classes, xyz and rgb; trained on areas 1, 2, 3, 4 and 6, tested on area 5.
# The original's S3DIS detection configs are empty files. This recipe is derived: the repeats are those of
# FCAF3D's own S3DIS config (arXiv 2112.00322), everything else is as on ScanNet.
data_root = 'data/s3dis/'
voxel_size = 0.02  # m
max_voxels = 60000
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
    dict(type='RandomPointPerVoxel', voxel_size=voxel_size),
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
train_pipeline = [*load_points, dict(type='BoxKeepingCrop', max_points=max_voxels), *augment_points]
train_pipeline_50k = [*load_points, dict(type='BoxKeepingCrop', max_points=50000), *augment_points]
# Whole scenes with all their points, in the frame of the boxes; the metric reads those from eval_ann_info.
test_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points']),
]

# The list of rooms is repeated 13 times per epoch (12 epochs); 16 rooms a step, on 8 GPUs.
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=2,  # a device
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='RepeatDataset',
        times=13,
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
