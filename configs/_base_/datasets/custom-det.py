# One's own scans with boxes as prepare_custom writes them, xyz and rgb, loaded and scored as generated rooms
# are; classes come from the info files, and points need no labels.
_base_ = ['./rooms-scannet-det.py']

data_root = 'data/custom/'
max_points = 12000  # of a training sample

load_points = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadSceneAnnotations'),
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
        keys=['points', 'gt_bboxes_3d', 'gt_labels_3d'],
    ),
]
train_pipeline = [*load_points, dict(type='BoxKeepingCrop', max_points=max_points), *augment_points]
# Whole scenes with all their points; the metric reads those from eval_ann_info.
test_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points']),
]

train_dataloader = dict(
    dataset=dict(
        dataset=dict(
            type='CustomDetDataset',
            data_root=data_root,
            ann_file='custom_infos_train.pkl',
            pipeline=train_pipeline,
        ),
    ),
)
val_dataloader = dict(
    dataset=dict(
        type='CustomDetDataset',
        data_root=data_root,
        ann_file='custom_infos_val.pkl',
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
