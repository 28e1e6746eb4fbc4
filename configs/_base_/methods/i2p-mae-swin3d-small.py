# I2P-MAE with the encoder of Swin3D-S, CLIP's features; cells of 12 base voxels
_base_ = [
    '../backbones/swin3d-small.py',
    '../heads/i2p-mae-clip.py',
    '../schedules/i2p-mae-cosine_60k.py',
    '../runtime/pretraining.py',
]

model = dict(
    data_preprocessor=_base_.inputs,
    backbone=_base_.encoder,
    cell_stride=12,
    decoder=dict(
        type='MaskedCellDecoder',
        in_channels=_base_.encoder.channels[3:],
        channels=384,
        num_heads=12,
        window_size=7,
    ),
)
