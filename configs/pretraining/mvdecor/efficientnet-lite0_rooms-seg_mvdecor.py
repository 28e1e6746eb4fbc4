# MvDeCor's fine-tuning on few labels: efficientnet-lite0_rooms-seg_few.py with the correspondences of views
# beside them; model.pth loads into that
_base_ = [
    '../../_base_/datasets/rooms-pixels-seg.py',
    '../../_base_/backbones/efficientnet-lite0.py',
    '../../_base_/heads/mvdecor-few.py',
    '../../_base_/schedules/rooms-seg_100i.py',
    '../../_base_/runtime/image-student.py',
]

scenes = int('{{$SCENES:2}}')
train_dataloader = dict(dataset=dict(dataset=dict(indices=scenes)))
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'image.backbone.': dict(lr_mult=0.1)}))
model = dict(
    model=dict(
        data_preprocessor=dict(voxel_size=_base_.voxel_size),
        image=dict(_base_.image, backbone=dict(_base_.image.backbone, init_cfg=_base_.image_weights)),
        pixel_head=dict(in_channels=_base_.image_widths, init_cfg=_base_.head_weights),
        decode_head=dict(num_classes=13),
    ),
)
custom_hooks = [dict(type='ExportHook')]
