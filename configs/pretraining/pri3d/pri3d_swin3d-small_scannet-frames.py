# Pri3D with Swin3D-S and its decoder beside the ResNet-50 on ScanNet; AdamW as for Swin3D elsewhere, a tenth
# of its rate for the network of ImageNet
_base_ = [
    '../../_base_/datasets/scannet-shared-frames.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/backbones/resnet50.py',
    '../../_base_/heads/pri3d.py',
    '../../_base_/schedules/adamw-cosine_60k.py',
    '../../_base_/runtime/pretraining.py',
]

optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'image.backbone.': dict(lr_mult=0.1)}))
pixel_width = 128
model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    image=_base_.image,
    pixel_head=dict(in_channels=_base_.image_widths, out_channels=pixel_width),
    pixel_projection=dict(in_channels=pixel_width),
    point_head=dict(in_channels=_base_.width),
    depth_head=dict(in_channels=_base_.image_widths),
)
