# Pri3D's networks on ScanNet: ResNet-50 of ImageNet, and a sparse U-Net that learns with it
_base_ = [
    '../../_base_/datasets/scannet-shared-frames.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/backbones/resnet50.py',
    '../../_base_/heads/pri3d.py',
    '../../_base_/schedules/sgd-poly_60k.py',
    '../../_base_/runtime/pretraining.py',
]

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
