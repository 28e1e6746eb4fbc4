# Structured3D, ScanNet and S3DIS for joint training, xyz, rgb and normals, 2 cm voxels everywhere, batches of
# one data set each. Augmentation and batches of the released S3DIS recipe (Pointcept,
# s3dis/semseg-ppt-v1m1-0-s3-sc-st-spunet): 24 scenes a step over all devices, 4 : 2 : 1. It bounds the crops
# of Structured3D and S3DIS by their part of the scene alone; the most voxels of those two are ours.
pi = 3.141592653589793
data_root = 'data/s3dis/'  # the other two lie beside it
ignore_index = 255
voxel_size = 0.02  # m
conditions = ['Structured3D', 'ScanNet', 'S3DIS']
s3dis_areas = [f's3dis_infos_Area_{area}.pkl' for area in (1, 2, 3, 4, 6)]
# folder, training and validation scenes, most voxels of a crop, and the part of a scene that a crop keeps
sources = dict(
    Structured3D=dict(
        type='Structured3DDataset',
        folder='../structured3d/',
        train='structured3d_infos_train.pkl',
        val='structured3d_infos_val.pkl',
        crop=dict(type='SphereCrop', max_points=120000, keep_ratio=0.8),
    ),
    ScanNet=dict(
        type='ScanNetWholeSceneDataset',
        folder='../scannet/',
        train='scannet_infos_train.pkl',
        val='scannet_infos_val.pkl',
        crop=dict(type='SphereCrop', max_points=100000),
    ),
    S3DIS=dict(
        type='S3DISWholeSceneDataset',
        folder='',
        train=s3dis_areas,
        val='s3dis_infos_Area_5.pkl',
        crop=dict(type='SphereCrop', max_points=100000, keep_ratio=0.6),
    ),
)
meta_keys = ['condition', 'lidar_path']

load_points = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadNormals'),
    dict(type='LoadSceneAnnotations', with_bbox_3d=False, with_label_3d=False, with_seg_3d=True),
    dict(type='MapSemanticLabels'),
]
augment_points = [
    dict(type='CenterShift'),
    dict(type='RandomPointDropout', drop_ratio=0.2, prob=0.2),
    dict(type='RandomAxisRotation', axis='z', angle_range=[-pi, pi], prob=0.5),
    dict(type='RandomAxisRotation', axis='x', angle_range=[-pi / 64, pi / 64], prob=0.5),
    dict(type='RandomAxisRotation', axis='y', angle_range=[-pi / 64, pi / 64], prob=0.5),
    dict(type='GlobalRotScaleTrans', rot_range=[0.0, 0.0], scale_ratio_range=[0.9, 1.1]),
    dict(type='RandomFlip3D', sync_2d=False, flip_ratio_bev_horizontal=0.5, flip_ratio_bev_vertical=0.5),
    dict(type='RandomJitterPoints', jitter_std=[0.005] * 3, clip_range=[-0.02, 0.02]),
    dict(type='ElasticDistortion', scales=[(0.2, 0.4), (0.8, 1.6)], prob=0.95),
    dict(type='ChromaticAutoContrast', prob=0.2),
    dict(type='ChromaticTranslation', prob=0.95, ratio=0.05),
    dict(type='ChromaticJitter', prob=0.95, std=0.05),
]
pack_points = [
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points', 'pts_semantic_mask'], meta_keys=meta_keys),
]
evaluate_points = [
    dict(type='PositiveShift'),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points'], meta_keys=meta_keys),
]
train_sources = {
    name: dict(
        type=sources[name]['type'],
        data_root=data_root + sources[name]['folder'],
        ann_file=sources[name]['train'],
        pipeline=[
            dict(type='SetCondition', condition=name),
            *load_points,
            *augment_points,
            # a second scene of the same data set
            dict(type='Mix3D', pre_transform=[*load_points, *augment_points], prob=0.8),
            dict(type='PositiveShift'),
            dict(type='GridSample', voxel_size=voxel_size),
            sources[name]['crop'],
            *pack_points,
        ],
        ignore_index=ignore_index,
    )
    for name in conditions
}
val_sources = {
    name: dict(
        type=sources[name]['type'],
        data_root=data_root + sources[name]['folder'],
        ann_file=sources[name]['val'],
        pipeline=[dict(type='SetCondition', condition=name), *load_points, *evaluate_points],
        ignore_index=ignore_index,
        test_mode=True,
    )
    for name in conditions
}
# what may differ between the sources of a concatenation
ignore_keys = ['dataset', 'categories', 'classes', 'palette', 'label_mapping', 'label2cat']
ignore_keys += ['seg_valid_class_ids', 'seg_all_class_ids']

# 24 scenes a step: 3 on each of 8 GPUs
auto_scale_lr = dict(enable=False, base_batch_size=24)
train_dataloader = dict(
    batch_size=3,  # a device
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='SingleSourceBatchSampler', ratios=[4, 2, 1]),
    dataset=dict(type='ConcatDataset', datasets=list(train_sources.values()), ignore_keys=ignore_keys),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ConcatDataset', datasets=list(val_sources.values()), ignore_keys=ignore_keys),
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type='PerConditionMetric',
    scores={name: dict(type='ConfusionSegMetric') for name in conditions},
    class_names={name: name for name in conditions},
    ignore_index=ignore_index,
)
test_evaluator = val_evaluator
