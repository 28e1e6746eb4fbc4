# DPCo with Swin3D-S and its decoder as the student, on frames of ScanNet
_base_ = [
    '../../_base_/datasets/scannet-depth.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/dpco.py',
    '../../_base_/schedules/adamw-cosine_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    cloud_code=dict(in_channels=_base_.width),
    point_head=dict(in_channels=_base_.width),
)
