# ShapeNetPart, 2048 points (segmentation/main.py and Point_M2AE_SEG.py in github.com/ZrrSkywalker/Point-M2AE)
_base_ = [
    '../_base_/datasets/shapenetpart-seg.py',
    '../_base_/backbones/token-transformer.py',
    '../_base_/schedules/adamw-cosine-objects_300e.py',
    '../_base_/runtime/objects.py',
]

model = dict(
    type='ObjectPartSegmentor',
    data_preprocessor=dict(type='ObjectPreprocessor'),
    backbone=dict(_base_.encoder, local_radii=[0.32, 0.64, 1.28], init_cfg=_base_.encoder_weights),
    parts=_base_.parts,
)
optim_wrapper = dict(optimizer=dict(lr=0.0002))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6 / 0.0002, by_epoch=True, begin=0, end=10),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=10, end=300, T_max=290, eta_min=1e-6),
]
