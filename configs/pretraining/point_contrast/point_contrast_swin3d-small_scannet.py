# PointContrast with Swin3D-S and its decoder on crops of ScanNet's scans; AdamW as for Swin3D elsewhere (the
# paper's SGD is for a convolutional student)
_base_ = [
    '../../_base_/datasets/scannet-crops.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/point-contrast.py',
    '../../_base_/schedules/adamw-cosine_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=_base_.encoder,
    neck=_base_.decoder,
    head=dict(in_channels=_base_.width),
    matcher=dict(radius=1.5 * _base_.voxel_size),
)
auto_scale_lr = dict(base_batch_size=16)
train_dataloader = dict(batch_size=2)  # two views of each on a device
