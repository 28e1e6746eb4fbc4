# Linear probe: what the levels of a student's encoder know of ScanNet's classes; one linear layer is trained
_base_ = ['./sparse-unet34_scannet-seg_probe.py']

model = dict(
    backbone=_base_.encoder_alone,
    neck=dict(type='LevelConcat'),
    decode_head=dict(in_channels=_base_.encoder_width),
)
