# Generated rooms of three domains for joint training, batches of one domain each:
# for domain in structured3d scannet s3dis; do
#   python -m swin3d_mmdet3d.tools.make_rooms --domain $domain --out data/rooms_trio/$domain --rooms 60
# done
pi = 3.141592653589793
data_root = 'data/rooms_trio/s3dis/'  # the other two lie beside it
ignore_index = 255
voxel_size = 0.1  # m
max_voxels = 4000
conditions = ['Structured3D', 'ScanNet', 'S3DIS']
sources = dict(
    Structured3D=dict(
        type='Structured3DDataset',
        folder='../structured3d/',
        train='structured3d_infos_train.pkl',
        val='structured3d_infos_val.pkl',
    ),
    ScanNet=dict(
        type='ScanNetWholeSceneDataset',
        folder='../scannet/',
        train='scannet_infos_train.pkl',
        val='scannet_infos_val.pkl',
    ),
    S3DIS=dict(
        type='S3DISWholeSceneDataset',
        folder='',
        train=[f's3dis_infos_Area_{area}.pkl' for area in (1, 2, 3, 4, 6)],
        val='s3dis_infos_Area_5.pkl',
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
    dict(type='GlobalRotScaleTrans', rot_range=[-pi, pi], scale_ratio_range=[0.8, 1.2]),
    dict(type='RandomJitterPoints', jitter_std=[0.005] * 3, clip_range=[-0.02, 0.02]),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='SphereCrop', max_points=max_voxels),
    dict(type='NormalizeColorSigned'),
    dict(type='RandomDropColor', prob=0.2),
    dict(type='Pack3DDetInputs', keys=['points', 'pts_semantic_mask'], meta_keys=meta_keys),
]
evaluate_points = [
    dict(type='PositiveShift'),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points'], meta_keys=meta_keys),
]
# repeated past the end of the training, which goes by iterations
train_sources = {
    name: dict(
        type='RepeatDataset',
        times=50,
        dataset=dict(
            type=sources[name]['type'],
            data_root=data_root + sources[name]['folder'],
            ann_file=sources[name]['train'],
            pipeline=[dict(type='SetCondition', condition=name), *load_points, *augment_points],
            ignore_index=ignore_index,
        ),
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

auto_scale_lr = dict(enable=False, base_batch_size=2)
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='SingleSourceBatchSampler', ratios=[1, 1, 1]),
    dataset=dict(type='ConcatDataset', datasets=list(train_sources.values()), ignore_keys=ignore_keys),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
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
