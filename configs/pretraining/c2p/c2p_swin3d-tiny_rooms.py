# C2P on generated rooms, within minutes on a CPU
_base_ = [
    '../../_base_/datasets/rooms-partial-frames.py',
    '../../_base_/backbones/swin3d-tiny.py',
    '../../_base_/heads/c2p.py',
    '../../_base_/schedules/pretrain-tiny_600i.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    matcher=dict(radius=1.5 * _base_.voxel_size, max_pairs=1024),
    predictor=dict(in_channels=_base_.width, hidden_channels=4 * _base_.width),
)
optim_wrapper = dict(optimizer=dict(lr=0.001))  # better on rooms of another seed than 0.003, docs/comparison
