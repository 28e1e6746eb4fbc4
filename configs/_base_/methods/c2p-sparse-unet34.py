# C2P with SR-UNet34; SGD as for this network in PointContrast
_base_ = [
    '../backbones/sparse-unet34.py',
    '../heads/c2p.py',
    '../schedules/sgd-steps_60k.py',
    '../runtime/pretraining.py',
]

model = dict(
    data_preprocessor=_base_.inputs,
    **_base_.network,
    predictor=dict(in_channels=_base_.width, hidden_channels=4 * _base_.width),
)
