# ScanNet, boxes of 18 classes, xyz and rgb.
# Numbers: Swin3D + FCAF3D of Swin3D_Task (arXiv 2304.06906): crops of 60,000 points for S, 50,000 for L.
data_root = 'data/scannet/'
voxel_size = 0.02  # m
max_voxels = 60000

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
    dict(type='GlobalAlignment', rotation_axis=2),
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
    dict(type='GlobalAlignment', rotation_axis=2),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points']),
]

# The list of scans is repeated 10 times per epoch (12 epochs; L: 14 times). The original has 2 scans a GPU
# and does not say how many GPUs: 8 make the 16 scans a step to which FCAF3D's rate, which it keeps, belongs.
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=2,  # a device
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
