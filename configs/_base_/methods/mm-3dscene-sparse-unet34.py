# MM-3DScene with SR-UNet34; the schedule follows the size of the data set
_base_ = ['../backbones/sparse-unet34.py', '../heads/mm-3dscene.py', '../runtime/pretraining.py']

model = dict(
    data_preprocessor=_base_.inputs,
    backbone=dict(_base_.encoder, **_base_.all_levels),
    channels=_base_.level_widths,
)
