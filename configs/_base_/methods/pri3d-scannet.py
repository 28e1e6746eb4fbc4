# Pri3D on pairs of frames of ScanNet with a ResNet-50 of ImageNet; a config adds the network of the cloud and
# its schedule
_base_ = [
    '../datasets/scannet-shared-frames.py',
    '../backbones/resnet50.py',
    '../heads/pri3d.py',
    '../runtime/pretraining.py',
]

pixel_width = 128
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size),
    image=_base_.image,
    pixel_head=dict(in_channels=_base_.image_widths, out_channels=pixel_width),
    pixel_projection=dict(in_channels=pixel_width),
    depth_head=dict(in_channels=_base_.image_widths),
)
