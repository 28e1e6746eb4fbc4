# MD with Swin3D-S and its decoder; AdamW as for Swin3D elsewhere (the paper's SGD is for DGCNN)
_base_ = [
    '../backbones/swin3d-small.py',
    '../heads/md.py',
    '../schedules/adamw-cosine_60k.py',
    '../runtime/pretraining.py',
]

model = dict(
    data_preprocessor=_base_.inputs,
    **_base_.network,
    decoder=dict(in_channels=_base_.width, hint_in_channels=9),
)
