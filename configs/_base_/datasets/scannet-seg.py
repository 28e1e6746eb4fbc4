# ScanNet, 20 classes, xyz and rgb.
# Numbers: ScanNet fine-tuning of Swin3D_Task (arXiv 2304.06906); its released model takes normals as well,
# the rest of the recipe is the same.
pi = 3.141592653589793
data_root = 'data/scannet/'
ignore_index = 255  # -100 in the original
voxel_size = 0.02  # m
max_voxels = 120000
submission_infos = 'scannet_infos_test.pkl'  # what `test --submission` labels

load_points = [
    dict(type='LoadColoredPoints'),
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

# The list of scans is repeated 6 times per epoch (100 epochs), with 3 scans a step, on one GPU.
auto_scale_lr = dict(enable=False, base_batch_size=3)
train_dataloader = dict(
    batch_size=3,  # a device
    num_workers=4,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='RepeatDataset',
        times=6,
        dataset=dict(
            type='ScanNetWholeSceneDataset',
            data_root=data_root,
            ann_file='scannet_infos_train.pkl',
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
        type='ScanNetWholeSceneDataset',
        data_root=data_root,
        ann_file='scannet_infos_val.pkl',
        pipeline=test_pipeline,
        ignore_index=ignore_index,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='ConfusionSegMetric')
test_evaluator = dict(type='ConfusionSegMetric')
