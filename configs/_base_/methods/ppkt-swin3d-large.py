# PPKT with Swin3D-L and its decoder as the student; AdamW as for Swin3D elsewhere (the paper's SGD is for a
# convolutional student)
_base_ = [
    '../backbones/swin3d-large.py',
    '../heads/ppkt-resnet50.py',
    '../schedules/adamw-cosine_60k.py',
    '../runtime/pretraining.py',
]

model = dict(data_preprocessor=_base_.inputs, **_base_.network, point_head=dict(in_channels=_base_.width))
