# C2P with Swin3D-S and its decoder; AdamW as for Swin3D elsewhere
_base_ = [
    '../backbones/swin3d-small.py',
    '../heads/c2p.py',
    '../schedules/adamw-cosine_60k.py',
    '../runtime/pretraining.py',
]

model = dict(
    data_preprocessor=_base_.inputs,
    **_base_.network,
    predictor=dict(in_channels=_base_.width, hidden_channels=4 * _base_.width),
)
