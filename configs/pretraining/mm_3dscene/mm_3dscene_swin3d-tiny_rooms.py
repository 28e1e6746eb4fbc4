# MM-3DScene on generated rooms, within minutes on a CPU
_base_ = [
    '../../_base_/datasets/rooms-clouds.py',
    '../../_base_/backbones/swin3d-tiny.py',
    '../../_base_/heads/mm-3dscene.py',
    '../../_base_/schedules/pretrain-tiny_600i.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    channels=_base_.sizes['channels'],
)
