# Two overlapping crops of an indoor scan without labels: what the data sets of pretraining on clouds share.
# Each adds its files, voxel size and sizes of crops.
_base_ = ['./endless-samples.py']

load_points = [dict(type='LoadColoredPoints'), dict(type='SourceCoords')]
load_points_and_normals = [load_points[0], dict(type='LoadNormals'), load_points[1]]
# Each view has colours of its own, one in five none: colours alone do not tell which points belong together.
augment_view = [
    dict(type='GlobalRotScaleTrans', rot_range=[-_base_.pi, _base_.pi], scale_ratio_range=[0.9, 1.1]),
    dict(type='RandomJitterPoints', jitter_std=[0.005] * 3, clip_range=[-0.02, 0.02]),
    dict(type='ChromaticAutoContrast', prob=0.2),
    dict(type='ChromaticTranslation', prob=0.95, ratio=0.1),
    dict(type='ChromaticJitter', prob=0.95, std=0.05),
    dict(type='PositiveShift'),
]
finish_view = [dict(type='NormalizeColorSigned'), dict(type='RandomDropColor', prob=0.2)]
pack_views = dict(type='PackPretrainInputs')
two_crops = dict(type='MultiCrop', num_global=2, global_ratio=(0.6, 0.6))
