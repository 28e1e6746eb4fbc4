# LGround of Swin3D-S on ScanNet200, from scratch. The paper has no Swin3D: rates and augmentation are those
# of Swin3D on ScanNet.
_base_ = [
    '../../_base_/datasets/scannet200-seg.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/lground-scannet200.py',
    '../../_base_/schedules/adamw-cosine_100e.py',
    '../../_base_/runtime/default.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    decode_head=dict(in_channels=_base_.width),
)
