# Pri3D with Swin3D-S and its decoder beside the ResNet-50 on ScanNet; AdamW as for Swin3D elsewhere, a tenth
# of its rate for the network of ImageNet
_base_ = [
    '../../_base_/methods/pri3d-scannet.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/schedules/adamw-cosine_60k.py',
]

optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'image.backbone.': dict(lr_mult=0.1)}))
model = dict(data_preprocessor=_base_.inputs, **_base_.network, point_head=dict(in_channels=_base_.width))
