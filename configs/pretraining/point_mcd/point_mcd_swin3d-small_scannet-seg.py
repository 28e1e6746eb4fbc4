# PointMCD beside Swin3D-S on ScanNet with its frames, with colours alone, from scratch, from a ResNet-50 of
# ImageNet: model.pth loads into swin3d-small_scannet-seg.py
_base_ = [
    '../../_base_/heads/scannet-segmentor.py',
    '../../_base_/backbones/resnet50.py',
    '../../_base_/schedules/adamw-cosine_100e.py',
    '../../_base_/runtime/default.py',
]

model = dict(
    type='WithObjectives',
    model=_base_.segmentor,
    objectives=[
        dict(
            type='PointMCD',
            image=dict(_base_.image, type='FrozenImageTeacher', out_indices=(3,)),
            head=dict(type='ProjectionHead', in_channels=_base_.width, out_channels=2048, num_layers=2),
            grid=(3, 4),
        )
    ],
)
custom_hooks = [dict(type='ExportHook')]
