# PointContrast on pairs of any posed frames (tools prepare_rgbd_frames)
_base_ = [
    '../../_base_/datasets/any-frame-pairs.py',
    '../../_base_/backbones/swin3d-tiny.py',
    '../../_base_/heads/point-contrast.py',
    '../../_base_/schedules/pretrain-tiny_600i.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    head=dict(in_channels=_base_.width),
    matcher=dict(radius=1.5 * _base_.voxel_size, max_pairs=2048),
)
