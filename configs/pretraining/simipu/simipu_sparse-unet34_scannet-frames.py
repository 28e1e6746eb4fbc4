# SimIPU with SR-UNet34 and a ResNet-50, both from random weights, on frames of ScanNet in place of outdoor
# scans
_base_ = [
    '../../_base_/datasets/scannet-frame-and-copy.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/backbones/resnet50-random.py',
    '../../_base_/heads/simipu.py',
    '../../_base_/schedules/adamw-cosine_60k.py',
    '../../_base_/runtime/pretraining.py',
]

optim_wrapper = dict(optimizer=dict(lr=1e-3, betas=(0.95, 0.99), weight_decay=0.01))
model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    image=_base_.image,
    view_matcher=dict(radius=1.5 * _base_.voxel_size),
    view_head=dict(in_channels=_base_.width, hidden_channels=128),
    pixel_head=dict(in_channels=_base_.image_width, hidden_channels=128),
    point_head=dict(in_channels=_base_.width, hidden_channels=128),
)
