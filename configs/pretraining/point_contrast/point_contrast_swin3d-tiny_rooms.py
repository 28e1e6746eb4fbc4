# PointContrast on crops of generated rooms, within minutes on a CPU: 850 steps, as long as PPKT's 600 take
_base_ = [
    '../../_base_/datasets/rooms-crops.py',
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
param_scheduler = [_base_.param_scheduler[0], dict(_base_.param_scheduler[1], end=850, T_max=800)]
train_cfg = dict(max_iters=850)
