# 4DContrast on generated rooms with a generated object that moves, within minutes on a CPU: 550 steps, as
# long as PPKT's 600 take
_base_ = [
    '../../_base_/datasets/rooms-sequences.py',
    '../../_base_/backbones/swin3d-tiny.py',
    '../../_base_/heads/four-d-contrast.py',
    '../../_base_/schedules/pretrain-tiny_600i.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    sequence=dict(
        type='SequenceNetwork',
        backbone=dict(_base_.encoder, depths=[1, 1, 1, 1, 1]),
        neck=_base_.decoder,
        channels=_base_.width,
    ),
    head=dict(in_channels=_base_.width),
    sequence_head=dict(in_channels=_base_.width),
    matcher=dict(radius=1.5 * _base_.voxel_size, max_pairs=2048),
)
param_scheduler = [_base_.param_scheduler[0], dict(_base_.param_scheduler[1], end=550, T_max=500)]
train_cfg = dict(max_iters=550)
