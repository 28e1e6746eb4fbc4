# 4DContrast with Swin3D-S and its decoder; the sequence network is SR-UNet34 over each frame, with
# convolutions along time. AdamW as for Swin3D elsewhere.
_base_ = [
    '../backbones/swin3d-small.py',
    '../heads/four-d-contrast.py',
    '../schedules/adamw-cosine_60k.py',
    '../runtime/pretraining.py',
]

model = dict(
    data_preprocessor=_base_.inputs,
    **_base_.network,
    sequence=dict(type='SequenceNetwork', backbone=dict(type='SparseUNet34', in_channels=6), channels=96),
    head=dict(in_channels=_base_.width),
    sequence_head=dict(in_channels=96),
)
