# Indoor scenes with boxes: what the data sets of detection share. Each adds its files, and its voxel size and
# crop or its samples.
_base_ = ['./labelled-samples.py']

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
load_points_and_boxes = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadSceneAnnotations', with_bbox_3d=True, with_label_3d=True),
]
align_points = dict(type='GlobalAlignment', rotation_axis=2)
flip_points = dict(
    type='RandomFlip3D', sync_2d=False, flip_ratio_bev_horizontal=0.5, flip_ratio_bev_vertical=0.5
)
# FCAF3D (mmdetection3d, configs/fcaf3d), which Swin3D_Task keeps
turn_points = dict(
    type='GlobalRotScaleTrans',
    rot_range=[-0.087266, 0.087266],
    scale_ratio_range=[0.9, 1.1],
    translation_std=[0.1, 0.1, 0.1],
)
pack_boxes = [
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points', 'gt_bboxes_3d', 'gt_labels_3d']),
]
augment_points = [
    flip_points,
    turn_points,
    dict(type='NormalizeColorSigned'),
    dict(
        type='Pack3DDetInputs',
        keys=['points', 'gt_bboxes_3d', 'gt_labels_3d', 'pts_semantic_mask', 'pts_instance_mask'],
    ),
]
# Whole scenes in the frame of the boxes; the metric reads those from eval_ann_info.
pack_points = [dict(type='NormalizeColorSigned'), dict(type='Pack3DDetInputs', keys=['points'])]

# of a training set, and of one that is tested
trained = dict(filter_empty_gt=True, box_type_3d='Depth')
tested = dict(box_type_3d='Depth', test_mode=True)
train_dataloader = dict(batch_size=2)  # a device

val_evaluator = dict(type='PresentClassIndoorMetric')
test_evaluator = val_evaluator
