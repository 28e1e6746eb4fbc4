# Masked Scene Contrast with Swin3D-S and its decoder; AdamW as for Swin3D elsewhere (the released SGD is for
# a convolutional student)
_base_ = [
    '../backbones/swin3d-small.py',
    '../heads/masked-scene-contrast.py',
    '../schedules/adamw-cosine_60k.py',
    '../runtime/pretraining.py',
]

model = dict(
    data_preprocessor=_base_.inputs,
    **_base_.network,
    reconstruction=dict(color=dict(in_channels=_base_.width)),
)
