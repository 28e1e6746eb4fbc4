# DPCo with Swin3D-S and its decoder as the student
_base_ = [
    '../backbones/swin3d-small.py',
    '../heads/dpco.py',
    '../schedules/adamw-cosine_60k.py',
    '../runtime/pretraining.py',
]

model = dict(
    data_preprocessor=_base_.inputs,
    **_base_.network,
    cloud_code=dict(in_channels=_base_.width),
    point_head=dict(in_channels=_base_.width),
)
