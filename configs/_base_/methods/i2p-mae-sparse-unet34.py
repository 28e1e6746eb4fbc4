# I2P-MAE with the encoder of SR-UNet34, CLIP's features; cells are its coarsest voxels, 16 base voxels
_base_ = [
    '../backbones/sparse-unet34.py',
    '../heads/i2p-mae-clip.py',
    '../schedules/i2p-mae-cosine_60k.py',
    '../runtime/pretraining.py',
]

model = dict(
    data_preprocessor=_base_.inputs,
    backbone=dict(_base_.encoder, decode=False, out_indices=(4,)),
    cell_stride=16,
    decoder=dict(type='MaskedCellDecoder', in_channels=256, channels=384, num_heads=12, window_size=7),
)
