# SimIPU with SR-UNet34 and a ResNet-50, both from random weights, on frames of ScanNet in place of outdoor
# scans
_base_ = ['../../_base_/methods/simipu-scannet.py', '../../_base_/backbones/sparse-unet34.py']

model = dict(
    data_preprocessor=_base_.inputs,
    **_base_.network,
    view_head=dict(in_channels=_base_.width),
    point_head=dict(in_channels=_base_.width),
)
