# ScanNet200 with the augmentation of LGround (arXiv 2204.07761; release, lib/dataset.py, lib/datasets/
# scannet.py, config/config.py), whose options of hue and saturation nothing reads. Shares without a source in
# the release are those of Minkowski networks (arXiv 1904.08755).
_base_ = ['./scannet200-seg.py']

pi = _base_.pi
augment_points = [
    dict(type='CenterShift'),
    dict(type='ElasticDistortion', scales=[(0.2, 0.4), (0.8, 1.6)], prob=0.95),
    dict(type='RandomAxisRotation', axis='x', angle_range=[-pi / 64, pi / 64]),
    dict(type='RandomAxisRotation', axis='y', angle_range=[-pi / 64, pi / 64]),
    dict(type='RandomAxisRotation', axis='z', angle_range=[-pi, pi]),
    dict(type='GlobalRotScaleTrans', rot_range=[0.0, 0.0], scale_ratio_range=[0.9, 1.1]),
    dict(type='RandomFlip3D', sync_2d=False, flip_ratio_bev_horizontal=0.5, flip_ratio_bev_vertical=0.5),
    dict(type='ChromaticAutoContrast', prob=0.2),
    dict(type='ChromaticTranslation', prob=0.95, ratio=0.1),
    dict(type='ChromaticJitter', prob=0.95, std=0.05),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=_base_.voxel_size),
    # in the release a batch ends with the scan that would bring it to 1.4 million points
    dict(type='SphereCrop', max_points=_base_.max_voxels),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points', 'pts_semantic_mask']),
]
train_pipeline = [*_base_.load_points, *augment_points]
# 8 scans a step: 4 on each of 2 GPUs; each scan once an epoch
auto_scale_lr = dict(base_batch_size=8)
train_dataloader = dict(batch_size=4, dataset=dict(times=1, dataset=dict(pipeline=train_pipeline)))
