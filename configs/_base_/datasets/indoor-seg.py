# Whole indoor scenes with a label a point: what the data sets of segmentation share. Each adds its files,
# voxel size and crop.
_base_ = ['./labelled-samples.py']

pi = 3.141592653589793
ignore_index = 255  # -100 in the original

load_points = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadSceneAnnotations', with_bbox_3d=False, with_label_3d=False, with_seg_3d=True),
    dict(type='MapSemanticLabels'),
]
load_points_and_normals = [load_points[0], dict(type='LoadNormals'), *load_points[1:]]
# Swin3D's augmentation (Swin3D_Task, train.py); S3DIS has the jitter, ScanNet has not
turn_points = dict(type='GlobalRotScaleTrans', rot_range=[-pi, pi], scale_ratio_range=[0.8, 1.2])
jitter_points = dict(type='RandomJitterPoints', jitter_std=[0.005] * 3, clip_range=[-0.02, 0.02])
pack_points = [
    dict(type='NormalizeColorSigned'),
    dict(type='RandomDropColor', prob=0.2),
    dict(type='Pack3DDetInputs', keys=['points', 'pts_semantic_mask']),
]
# Whole scenes with all their points; the metric reads the labels from eval_ann_info.
evaluate_points = [
    dict(type='PositiveShift'),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points']),
]
# 12 rotations about z. The original draws them at random; even steps give the same figure each time.
vote_rotations = [
    dict(type='GlobalRotScaleTrans', rot_range=[vote * 2 * pi / 12] * 2, scale_ratio_range=[1.0, 1.0])
    for vote in range(12)
]
vote_points = dict(type='TestTimeAug', transforms=[vote_rotations, *([step] for step in evaluate_points)])
tta_model = dict(type='L1VoteTTAModel')  # Seg3DTTAModel averages the softmax

train_dataloader = dict(batch_size=3)  # a device

val_evaluator = dict(type='ConfusionSegMetric')
test_evaluator = val_evaluator
