# Concept alignment with SR-UNet34 as the student
_base_ = [
    '../backbones/sparse-unet34.py',
    '../heads/concept-alignment-clip.py',
    '../schedules/adamw-cosine_60k.py',
    '../runtime/pretraining.py',
]

model = dict(data_preprocessor=_base_.inputs, **_base_.network, head=dict(in_channels=_base_.width))
