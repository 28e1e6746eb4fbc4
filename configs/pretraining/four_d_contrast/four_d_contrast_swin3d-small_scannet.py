# 4DContrast with Swin3D-S and its decoder, ShapeNet's objects in the scans of ScanNet; the
# sequence network is SR-UNet34 over each frame, with convolutions along time. AdamW as for Swin3D elsewhere.
_base_ = [
    '../../_base_/datasets/scannet-sequences.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/four-d-contrast.py',
    '../../_base_/schedules/adamw-cosine_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=_base_.encoder,
    neck=_base_.decoder,
    sequence=dict(type='SequenceNetwork', backbone=dict(type='SparseUNet34', in_channels=6), channels=96),
    head=dict(in_channels=_base_.width),
    sequence_head=dict(in_channels=96),
    matcher=dict(radius=1.5 * _base_.voxel_size),
)
