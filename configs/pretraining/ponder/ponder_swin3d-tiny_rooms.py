# Ponder on generated rooms, within minutes on a CPU; the volume has cells of 20 cm, over 8 x 8 x 4 m
_base_ = [
    '../../_base_/datasets/rooms-rays.py',
    '../../_base_/backbones/swin3d-tiny.py',
    '../../_base_/heads/ponder.py',
    '../../_base_/schedules/pretrain-tiny_600i.py',
]

volume = dict(
    in_channels=_base_.width, out_channels=64, channels=16, num_levels=3, cell=2, shape=(40, 40, 20)
)
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    volume=volume,
    renderer=dict(
        in_channels=volume['out_channels'], hidden_channels=64, geometry_channels=16, num_samples=48
    ),
)
