# Structured3D, 25 classes, xyz, rgb and normals: supervised pretraining.
# The original's settings are not public; numbers are those of Pointcept's aligned recipe (its issue 49;
# structured3d/semseg-swin3d-v1m1-0-small).
pi = 3.141592653589793
data_root = 'data/structured3d/'
ignore_index = 255
voxel_size = 0.02  # m
max_voxels = 120000
submission_infos = 'structured3d_infos_test.pkl'  # what `test --submission` labels; there is no test server

load_points = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadNormals'),
    dict(
        type='LoadSceneAnnotations',
        with_bbox_3d=False,
        with_label_3d=False,
        with_seg_3d=True,
    ),
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
train_pipeline = [
    *load_points,
    *augment_points,
    # Mixed before the crop, so that the cap holds; that recipe mixes pairs of a batch behind it.
    dict(type='Mix3D', pre_transform=[*load_points, *augment_points], prob=0.8),
    dict(type='ShiftToOrigin'),
    dict(type='RandomPointPerVoxel', voxel_size=voxel_size),
    dict(type='NearestCrop', max_points=max_voxels, keep_ratio=0.8),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points', 'pts_semantic_mask']),
]
evaluate_points = [
    dict(type='ShiftToOrigin'),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points']),
]
# Whole scenes with all their points; the metric reads the labels from eval_ann_info.
test_pipeline = [*load_points, *evaluate_points]
# 12 rotations about z. The original draws them at random; even steps give the same figure each time.
vote_rotations = [
    dict(type='GlobalRotScaleTrans', rot_range=[vote * 2 * pi / 12] * 2, scale_ratio_range=[1.0, 1.0])
    for vote in range(12)
]
tta_pipeline = [
    *load_points,
    dict(
        type='TestTimeAug',
        transforms=[
            vote_rotations,
            [dict(type='ShiftToOrigin')],
            [dict(type='NormalizeColorSigned')],
            [dict(type='Pack3DDetInputs', keys=['points'])],
        ],
    ),
]
tta_model = dict(type='L1VoteTTAModel')  # Seg3DTTAModel averages the softmax

# 12 rooms a step: 3 on each of 4 GPUs
auto_scale_lr = dict(enable=False, base_batch_size=12)
train_dataloader = dict(
    batch_size=3,  # a device
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='RepeatDataset',
        times=1,
        dataset=dict(
            type='Structured3DDataset',
            data_root=data_root,
            ann_file='structured3d_infos_train.pkl',
            pipeline=train_pipeline,
            ignore_index=ignore_index,
        ),
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='Structured3DDataset',
        data_root=data_root,
        ann_file='structured3d_infos_val.pkl',
        pipeline=test_pipeline,
        ignore_index=ignore_index,
        test_mode=True,
    ),
)
test_dataloader = dict(
    val_dataloader,
    dataset=dict(val_dataloader['dataset'], ann_file='structured3d_infos_test.pkl'),
)

val_evaluator = dict(type='ConfusionSegMetric')
test_evaluator = dict(type='ConfusionSegMetric')
