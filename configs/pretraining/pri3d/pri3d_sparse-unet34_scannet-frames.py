# Pri3D's networks on ScanNet: ResNet-50 of ImageNet, and a sparse U-Net that learns with it
_base_ = [
    '../../_base_/methods/pri3d-scannet.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/schedules/sgd-poly_60k.py',
]

model = dict(data_preprocessor=_base_.inputs, **_base_.network, point_head=dict(in_channels=_base_.width))
