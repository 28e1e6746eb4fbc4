# FixMatch of SR-UNet34: labels of Structured3D, scans of ScanNet without; SGD as of its segmentation, 8 GPUs
_base_ = [
    '../../_base_/datasets/scannet-shift-seg.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/heads/fixmatch.py',
    '../../_base_/schedules/sgd-poly_15k.py',
    '../../_base_/runtime/default.py',
]

model = dict(
    model=dict(
        data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
        backbone=_base_.encoder,
        neck=_base_.decoder,
        decode_head=dict(in_channels=_base_.width, num_classes=_base_.num_classes),
    ),
)
auto_scale_lr = dict(base_batch_size=96)
train_dataloader = dict(batch_size=12, batch_sampler=dict(counts=[6, 6]))
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=5000))
log_processor = dict(by_epoch=False)
