# Large and small overlapping crops of an indoor scan without labels: views of Sonata (arXiv 2503.16429). Each
# data set adds its files, voxel size and sizes of crops. Ranges: the released config (Pointcept,
# sonata/pretrain-sonata-v1m2-0-uni-teacher-head), in which large crops share their colours.
_base_ = ['./endless-samples.py']

load_points = [dict(type='LoadColoredPoints'), dict(type='SourceCoords')]
load_points_and_normals = [load_points[0], dict(type='LoadNormals'), load_points[1]]
color_view = [
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.2, hue=0.02, prob=0.8),
    dict(type='ChromaticTranslation', prob=0.95, ratio=0.05),
]
move_view = [
    dict(type='CenterShift'),
    dict(type='GlobalRotScaleTrans', rot_range=[0.0, 0.0], scale_ratio_range=[0.9, 1.1]),
    dict(type='RandomAxisRotation', axis='z', angle_range=[-_base_.pi, _base_.pi], prob=0.8),
    dict(type='RandomAxisRotation', axis='x', angle_range=[-_base_.pi / 64, _base_.pi / 64], prob=0.8),
    dict(type='RandomAxisRotation', axis='y', angle_range=[-_base_.pi / 64, _base_.pi / 64], prob=0.8),
    dict(type='RandomFlip3D', sync_2d=False, flip_ratio_bev_horizontal=0.5, flip_ratio_bev_vertical=0.5),
    dict(type='RandomJitterPoints', jitter_std=[0.005] * 3, clip_range=[-0.02, 0.02]),
    dict(type='ElasticDistortion'),
    dict(type='PositiveShift'),
]
multi_crop = dict(
    type='MultiCrop',
    num_global=2,
    num_local=4,
    global_ratio=(0.4, 1.0),
    local_ratio=(0.1, 0.4),
    max_points=65536,  # of a scan, of which a large crop has 40 to 100 %
    shared_pipeline=color_view,
)
pack_views = dict(type='PackPretrainInputs')
