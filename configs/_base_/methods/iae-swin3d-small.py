# IAE with Swin3D-S and its decoder
_base_ = [
    '../backbones/swin3d-small.py',
    '../heads/iae.py',
    '../schedules/adam-constant_60k.py',
    '../runtime/pretraining.py',
]

model = dict(data_preprocessor=_base_.inputs, **_base_.network, volume=dict(in_channels=_base_.width))
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'.blocks.': dict(lr_mult=0.1)}))  # as in all its recipes
