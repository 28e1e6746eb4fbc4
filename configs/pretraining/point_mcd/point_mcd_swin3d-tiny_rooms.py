# PointMCD on two labelled rooms with frames, beside the segmentation that configs/transfer trains on as many
# (swin3d-tiny_rooms-seg_few.py): model.pth loads into that
_base_ = [
    '../../_base_/heads/rooms-segmentor.py',
    '../../_base_/backbones/efficientnet-lite0.py',
    '../../_base_/schedules/rooms-seg_300i.py',
]

train_dataloader = dict(dataset=dict(dataset=dict(indices=2)))
image = dict(_base_.image, type='FrozenImageTeacher', out_indices=(3,))
distillation = dict(
    type='PointMCD',
    head=dict(type='ProjectionHead', in_channels=_base_.width, out_channels=320, num_layers=2),
    grid=(3, 4),
)
model = dict(type='WithObjectives', model=_base_.segmentor, objectives=[dict(distillation, image=image)])
custom_hooks = [dict(type='ExportHook')]
