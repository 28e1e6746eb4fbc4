# Segmentation by SR-UNet34 from any student; a config adds voxels and classes
_base_ = ['../backbones/sparse-unet34.py', './voxel-seg.py', '../runtime/student.py']

model = dict(
    data_preprocessor=_base_.inputs,
    backbone=dict(_base_.encoder, init_cfg=_base_.encoder_weights),
    decode_head=dict(in_channels=_base_.width),
    test_cfg=dict(_delete_=True, mode='whole'),
)
