# A linear probe of a student of Swin3D-L, encoder and decoder
_base_ = ['../backbones/swin3d-large.py', './probe.py']

model = dict(
    data_preprocessor=dict(**_base_.inputs),
    backbone=dict(_base_.encoder, init_cfg=_base_.encoder_weights),
    neck=dict(_base_.decoder, init_cfg=_base_.decoder_weights),
    decode_head=dict(in_channels=_base_.width),
)
