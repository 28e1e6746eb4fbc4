# 2DPASS beside Swin3D-S on ScanNet with its frames, with colours alone, from scratch: model.pth loads into
# swin3d-small_scannet-seg.py
_base_ = [
    '../../_base_/heads/scannet-segmentor.py',
    '../../_base_/heads/two-dpass.py',
    '../../_base_/schedules/adamw-cosine_100e.py',
    '../../_base_/runtime/default.py',
]

model = dict(
    type='WithObjectives',
    model=_base_.segmentor,
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
