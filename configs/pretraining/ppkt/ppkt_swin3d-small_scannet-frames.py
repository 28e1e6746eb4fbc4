# PPKT with Swin3D-S and its decoder as the student; AdamW as for Swin3D elsewhere (the paper's SGD is for a
# convolutional student)
_base_ = [
    '../../_base_/datasets/scannet-frames.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/ppkt-resnet50.py',
    '../../_base_/schedules/adamw-cosine_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    point_head=dict(type='ProjectionHead', in_channels=_base_.width, out_channels=128),
)
