# SL3D with Swin3D-S and its decoder; AdamW as for Swin3D elsewhere
_base_ = [
    '../backbones/swin3d-small.py',
    '../heads/sl3d.py',
    '../schedules/adamw-cosine_60k.py',
    '../runtime/pretraining.py',
]

model = dict(data_preprocessor=_base_.inputs, **_base_.network, head=dict(in_channels=_base_.width))
custom_hooks = [*_base_.custom_hooks, _base_.label_cells]
