# A linear probe of a student of SR-UNet34
_base_ = ['../backbones/sparse-unet34.py', './probe.py']

model = dict(
    data_preprocessor=dict(**_base_.inputs),
    backbone=dict(_base_.encoder, init_cfg=_base_.encoder_weights),
    decode_head=dict(in_channels=_base_.width),
    test_cfg=dict(_delete_=True, mode='whole'),
)
