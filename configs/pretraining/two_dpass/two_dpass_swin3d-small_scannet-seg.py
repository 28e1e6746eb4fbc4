# 2DPASS beside Swin3D-S on ScanNet with its frames, with colours alone, from scratch: model.pth loads into
# swin3d-small_scannet-seg.py
_base_ = [
    '../../_base_/datasets/scannet-frames-seg.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/heads/two-dpass.py',
    '../../_base_/schedules/adamw-cosine_100e.py',
    '../../_base_/runtime/default.py',
]

model = dict(
    type='WithObjectives',
    model=dict(
        type='VoxelSegmentor',
        # y up, as swin3d-small_scannet-seg.py
        data_preprocessor=dict(
            type='VoxelPreprocessor', voxel_size=_base_.voxel_size, axes=(0, 2, 1), **_base_.inputs
        ),
        **_base_.network,
        decode_head=dict(type='VoxelSegHead', in_channels=_base_.width, num_classes=20),
        test_cfg=dict(mode='chunks', chunk_size=4.0, max_voxels=400000),
    ),
    objectives=[
        dict(
            type='TwoDPASS',
            levels=['encoder.0', 'encoder.1', 'encoder.2', 'encoder.3'],
            in_channels=_base_.encoder.channels[:4],
            num_classes=20,
            **_base_.images,
        )
    ],
)
custom_hooks = [dict(type='ExportHook')]
