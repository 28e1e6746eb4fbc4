# SimIPU with Swin3D-S and its decoder and a ResNet-50, both from random weights, on frames of ScanNet in
# place of outdoor scans
_base_ = ['../../_base_/methods/simipu-scannet.py', '../../_base_/backbones/swin3d-small.py']

model = dict(
    data_preprocessor=_base_.inputs,
    **_base_.network,
    view_head=dict(in_channels=_base_.width),
    point_head=dict(in_channels=_base_.width),
)
