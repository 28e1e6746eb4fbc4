# MvDeCor's contrast on pairs of frames of ScanNet, with a ResNet-50 of ImageNet; its Adam 0.001
_base_ = [
    '../../_base_/datasets/scannet-shared-frames.py',
    '../../_base_/backbones/resnet50.py',
    '../../_base_/heads/mvdecor.py',
    '../../_base_/schedules/adam-constant_60k.py',
    '../../_base_/runtime/pretraining.py',
]

optim_wrapper = dict(optimizer=dict(lr=1e-3))
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size),
    image=_base_.image,
    pixel_head=dict(in_channels=_base_.image_widths),
)
