# Masked Scene Contrast on generated rooms, within minutes on a CPU; 10 cm voxels want larger cells and pairs
_base_ = [
    '../../_base_/datasets/rooms-mixed-crops.py',
    '../../_base_/backbones/swin3d-tiny.py',
    '../../_base_/heads/masked-scene-contrast.py',
    '../../_base_/schedules/pretrain-tiny_600i.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    masker=dict(cell_size=0.3),
    matcher=dict(radius=1.5 * _base_.voxel_size, max_pairs=2048),
    reconstruction=dict(
        color=dict(in_channels=_base_.width),
        normal=dict(type='NormalReconstruction', in_channels=_base_.width),
    ),
)
