# The augmentation of Pointcept's recipes for Structured3D alone and for joint training (its issue 49;
# structured3d/semseg-swin3d-v1m1-0-small, s3dis/semseg-ppt-v1m1-0-s3-sc-st-spunet), with normals.
_base_ = ['./indoor-seg.py']

pi = _base_.pi
augment_points = [
    dict(type='CenterShift'),
    dict(type='RandomPointDropout', drop_ratio=0.2, prob=0.2),
    dict(type='RandomAxisRotation', axis='z', angle_range=[-pi, pi], prob=0.5),
    dict(type='RandomAxisRotation', axis='x', angle_range=[-pi / 64, pi / 64], prob=0.5),
    dict(type='RandomAxisRotation', axis='y', angle_range=[-pi / 64, pi / 64], prob=0.5),
    dict(type='GlobalRotScaleTrans', rot_range=[0.0, 0.0], scale_ratio_range=[0.9, 1.1]),
    dict(type='RandomFlip3D', sync_2d=False, flip_ratio_bev_horizontal=0.5, flip_ratio_bev_vertical=0.5),
    _base_.jitter_points,
    dict(type='ElasticDistortion', scales=[(0.2, 0.4), (0.8, 1.6)], prob=0.95),
    dict(type='ChromaticAutoContrast', prob=0.2),
    dict(type='ChromaticTranslation', prob=0.95, ratio=0.05),
    dict(type='ChromaticJitter', prob=0.95, std=0.05),
]
mix_points = [
    *_base_.load_points_and_normals,
    *augment_points,
    # A second scene of the same data set. Mixed before the crop, so that the cap holds; those recipes mix
    # pairs of a batch behind it.
    dict(type='Mix3D', pre_transform=[*_base_.load_points_and_normals, *augment_points], prob=0.8),
    dict(type='PositiveShift'),
]
