# SL3D on generated rooms, within minutes on a CPU
_base_ = [
    '../../_base_/datasets/rooms-cells.py',
    '../../_base_/backbones/swin3d-tiny.py',
    '../../_base_/heads/sl3d.py',
    '../../_base_/schedules/pretrain-tiny_600i.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    head=dict(in_channels=_base_.width, num_prototypes=64, hidden_channels=128, embed_channels=64),
)
custom_hooks = [*_base_.custom_hooks, dict(_base_.label_cells, times=8)]
