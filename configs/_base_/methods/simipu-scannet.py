# SimIPU on frames of ScanNet with a ResNet-50 from random weights; a config adds the network of the cloud
_base_ = [
    '../datasets/scannet-frame-and-copy.py',
    '../backbones/resnet50-random.py',
    '../heads/simipu.py',
    '../schedules/adamw-cosine_60k.py',
    '../runtime/pretraining.py',
]

optim_wrapper = dict(optimizer=dict(lr=1e-3, betas=(0.95, 0.99), weight_decay=0.01))
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size),
    image=_base_.image,
    view_matcher=dict(radius=1.5 * _base_.voxel_size),
    pixel_head=dict(in_channels=_base_.image_width),
)
