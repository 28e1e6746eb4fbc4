# SL3D with SR-UNet34; SGD as for this network in PointContrast
_base_ = [
    '../backbones/sparse-unet34.py',
    '../heads/sl3d.py',
    '../schedules/sgd-steps_60k.py',
    '../runtime/pretraining.py',
]

model = dict(data_preprocessor=_base_.inputs, **_base_.network, head=dict(in_channels=_base_.width))
custom_hooks = [*_base_.custom_hooks, _base_.label_cells]
