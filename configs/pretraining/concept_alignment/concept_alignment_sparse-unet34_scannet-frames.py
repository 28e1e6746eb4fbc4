# Concept alignment with SR-UNet34 as the student, on frames of ScanNet
_base_ = [
    '../../_base_/datasets/scannet-frames.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/heads/concept-alignment-clip.py',
    '../../_base_/schedules/adamw-cosine_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    head=dict(in_channels=_base_.width),
)
