# I2P-MAE with the encoder of SR-UNet34 on frames of ScanNet; cells of 40 cm, its coarsest voxels
_base_ = [
    '../../_base_/datasets/scannet-frames.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/heads/i2p-mae-clip.py',
    '../../_base_/schedules/i2p-mae-cosine_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=dict(_base_.encoder, decode=False, out_indices=(4,)),
    cell_stride=16,
    decoder=dict(type='MaskedCellDecoder', in_channels=256, channels=384, num_heads=12, window_size=7),
)
