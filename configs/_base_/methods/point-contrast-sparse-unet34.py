# PointContrast with SR-UNet34 and its SGD (arXiv 2007.10985, 3.3 and 3.4)
_base_ = [
    '../backbones/sparse-unet34.py',
    '../heads/point-contrast.py',
    '../schedules/sgd-steps_60k.py',
    '../runtime/pretraining.py',
]

model = dict(data_preprocessor=_base_.inputs, **_base_.network, head=dict(in_channels=_base_.width))
