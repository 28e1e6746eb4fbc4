# LGround of the sparse U-Net on ScanNet200 with the rates, batches and augmentation of the release.
# projects/lground/README.md has what differs.
_base_ = [
    '../../_base_/datasets/scannet200-elastic-seg.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/heads/lground-scannet200.py',
    '../../_base_/schedules/sgd-steps_400e.py',
    '../../_base_/runtime/default.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    decode_head=dict(in_channels=_base_.width),
    test_cfg=dict(_delete_=True, mode='whole'),
)
