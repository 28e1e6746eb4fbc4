# The released recipe (arXiv 2303.14191; Pointcept, scannet/pretrain-msc-v1m1-0-spunet-base) with SR-UNet34 on
# colours, which configs/transfer fine-tunes, in place of SpUNet on colours and normals
_base_ = [
    '../../_base_/datasets/scannet-mixed-crops.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/heads/masked-scene-contrast.py',
    '../../_base_/schedules/sgd-onecycle_30k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    reconstruction=dict(color=dict(in_channels=_base_.width)),
)
