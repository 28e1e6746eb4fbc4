# MM-3DScene with SR-UNet34 on S3DIS
_base_ = [
    '../../_base_/datasets/s3dis-clouds.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/heads/mm-3dscene.py',
    '../../_base_/schedules/adamw-steps_9550i.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=dict(_base_.encoder, **_base_.all_levels),
    channels=_base_.level_widths,
)
