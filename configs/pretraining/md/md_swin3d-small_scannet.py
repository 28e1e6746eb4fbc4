# MD with Swin3D-S and its decoder on ScanNet; AdamW as for Swin3D elsewhere (the paper's SGD is for DGCNN)
_base_ = [
    '../../_base_/datasets/scannet-clouds.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/md.py',
    '../../_base_/schedules/adamw-cosine_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=_base_.encoder,
    neck=_base_.decoder,
    decoder=dict(in_channels=_base_.width, hint_in_channels=9),
)
