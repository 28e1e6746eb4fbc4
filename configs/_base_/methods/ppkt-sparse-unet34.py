# PPKT with SR-UNet34 as the student (arXiv 2104.04687, section 4.1)
_base_ = [
    '../backbones/sparse-unet34.py',
    '../heads/ppkt-resnet50.py',
    '../schedules/sgd-cosine_60k.py',
    '../runtime/pretraining.py',
]

model = dict(data_preprocessor=_base_.inputs, **_base_.network, point_head=dict(in_channels=_base_.width))
