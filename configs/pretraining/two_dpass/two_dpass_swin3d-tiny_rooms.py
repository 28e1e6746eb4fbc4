# 2DPASS on two labelled rooms with frames, beside the segmentation that configs/transfer trains on as many
# (swin3d-tiny_rooms-seg_few.py): model.pth loads into that
_base_ = [
    '../../_base_/datasets/rooms-frames-seg.py',
    '../../_base_/heads/two-dpass-tiny.py',
    '../../_base_/schedules/rooms-seg_300i.py',
]

train_dataloader = dict(dataset=dict(dataset=dict(indices=2)))
segmentation_loss = dict(type='mmdet.CrossEntropyLoss', avg_non_ignore=True, class_weight=_base_.class_weight)
supervision = dict(
    **_base_.scales,
    num_classes=13,
    criterion=dict(type='CrossEntropyLovasz', class_weight=_base_.class_weight),
)
model = dict(
    type='WithObjectives',
    model=dict(
        _base_.segmentor,
        data_preprocessor=dict(_base_.segmentor.data_preprocessor, voxel_size=_base_.voxel_size),
        decode_head=dict(_base_.segmentor.decode_head, num_classes=13, loss_decode=segmentation_loss),
    ),
    objectives=[dict(type='TwoDPASS', **_base_.images, **supervision)],
)
optim_wrapper = dict(constructor='TrainableParamsOptimWrapperConstructor')
custom_hooks = [dict(type='ExportHook')]
