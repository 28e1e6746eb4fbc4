# One's own scans as prepare_custom writes them, xyz, rgb and normals; classes, colours and ids come from the
# info files. The augmentation is that of S3DIS.
pi = 3.141592653589793
data_root = 'data/custom/'
ignore_index = 255
voxel_size = 0.1  # m
max_voxels = 4000

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
train_pipeline = [
    *load_points,
    dict(type='GlobalRotScaleTrans', rot_range=[-pi, pi], scale_ratio_range=[0.8, 1.2]),
    dict(type='RandomJitterPoints', jitter_std=[0.005] * 3, clip_range=[-0.02, 0.02]),
    dict(type='ShiftToOrigin'),
    dict(type='RandomPointPerVoxel', voxel_size=voxel_size),
    dict(type='NearestCrop', max_points=max_voxels),
    dict(type='NormalizeColorSigned'),
    dict(type='RandomDropColor', prob=0.2),
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

train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,
    # endless: a training by iterations may be longer than an epoch of few scans
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='CustomSegDataset',
        data_root=data_root,
        ann_file='custom_infos_train.pkl',
        pipeline=train_pipeline,
        ignore_index=ignore_index,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CustomSegDataset',
        data_root=data_root,
        ann_file='custom_infos_val.pkl',
        pipeline=test_pipeline,
        ignore_index=ignore_index,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='ConfusionSegMetric')
test_evaluator = dict(type='ConfusionSegMetric')
