# 4DContrast with the student of the paper, a sparse convolutional U-Net, ShapeNet's objects in the scans of
# ScanNet; the optimiser is PointContrast's, as the paper's is not known
_base_ = [
    '../../_base_/datasets/scannet-sequences.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/heads/four-d-contrast.py',
    '../../_base_/schedules/sgd-steps_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    sequence=dict(type='SequenceNetwork', backbone=_base_.encoder, channels=_base_.width),
    head=dict(in_channels=_base_.width),
    sequence_head=dict(in_channels=_base_.width),
    matcher=dict(radius=1.5 * _base_.voxel_size),
)
