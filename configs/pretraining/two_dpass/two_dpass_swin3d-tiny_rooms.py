# 2DPASS on two labelled rooms with frames, beside the segmentation that configs/transfer trains on as many
# (swin3d-tiny_rooms-seg_few.py): model.pth loads into that
_base_ = [
    '../../_base_/heads/rooms-segmentor.py',
    '../../_base_/backbones/efficientnet-lite0.py',
    '../../_base_/schedules/rooms-seg_300i.py',
]

train_dataloader = dict(dataset=dict(dataset=dict(indices=2)))
supervision = dict(
    levels=['encoder.1', 'encoder.2', 'encoder.3'],
    in_channels=_base_.encoder.channels[1:4],
    num_classes=13,
    criterion=dict(type='CrossEntropyLovasz', class_weight=_base_.class_weight),
)
trained_images = dict(image=dict(_base_.image, out_indices=(1, 2, 3)), image_channels=_base_.image_widths[1:])
images = dict(trained_images, image=dict(trained_images['image'], type='FrozenImageTeacher'))
model = dict(
    type='WithObjectives',
    model=_base_.segmentor,
    objectives=[dict(type='TwoDPASS', **images, **supervision)],
)
custom_hooks = [dict(type='ExportHook')]
