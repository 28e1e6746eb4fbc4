# Two overlapping crops of an indoor scan without labels, the first mixed with a crop of another scan: views
# of Masked Scene Contrast (arXiv 2303.14191). Each data set adds its files, voxel size and sizes of crops.
# Ranges: the released config (Pointcept, scannet/pretrain-msc-v1m1-0-spunet-base). There both views share
# one scale, and the first views of a batch are mixed two by two, in four of five batches.
_base_ = ['./endless-samples.py']

mix_prob = 0.8
max_points = 200000  # of a scan, of which a crop has 60 %
keep_ratio = 0.6

load_points = [dict(type='LoadColoredPoints'), dict(type='SourceCoords')]
load_points_and_normals = [load_points[0], dict(type='LoadNormals'), load_points[1]]
augment_view = [
    dict(type='CenterShift'),
    dict(type='RandomAxisRotation', axis='z', angle_range=[-_base_.pi, _base_.pi]),
    dict(type='RandomAxisRotation', axis='x', angle_range=[-_base_.pi / 64, _base_.pi / 64]),
    dict(type='RandomAxisRotation', axis='y', angle_range=[-_base_.pi / 64, _base_.pi / 64]),
    dict(type='GlobalRotScaleTrans', rot_range=[0.0, 0.0], scale_ratio_range=[0.9, 1.1]),
    dict(type='RandomFlip3D', sync_2d=False, flip_ratio_bev_horizontal=0.5, flip_ratio_bev_vertical=0.5),
    dict(type='RandomJitterPoints', jitter_std=[0.005] * 3, clip_range=[-0.02, 0.02]),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.2, hue=0.02, prob=0.8),
    dict(type='ChromaticJitter', prob=0.95, std=0.05),
]
pack_views = dict(type='PackPretrainInputs')
crop_another = dict(type='SphereCrop', max_points=int(keep_ratio * max_points), keep_ratio=keep_ratio)
two_crops = dict(
    type='MultiCrop',
    num_global=1,
    num_local=1,
    global_ratio=(keep_ratio, keep_ratio),
    local_ratio=(keep_ratio, keep_ratio),
    max_points=max_points,
)
