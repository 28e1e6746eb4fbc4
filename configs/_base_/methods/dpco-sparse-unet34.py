# DPCo with SR-UNet34 as the student; the rate of the release
_base_ = [
    '../backbones/sparse-unet34.py',
    '../heads/dpco.py',
    '../schedules/sgd-cosine_60k.py',
    '../runtime/pretraining.py',
]

model = dict(
    data_preprocessor=_base_.inputs,
    **_base_.network,
    cloud_code=dict(in_channels=_base_.width),
    point_head=dict(in_channels=_base_.width),
)
optim_wrapper = dict(optimizer=dict(lr=0.03, dampening=0.0))
