# Ponder with Swin3D-S on ScanNet; the volume has cells of 10 cm, over 9.6 x 9.6 x 3.2 m
_base_ = [
    '../../_base_/methods/ponder-scannet.py',
    '../../_base_/backbones/swin3d-small.py',
    '../../_base_/schedules/adamw-cosine_60k.py',
]

model = dict(data_preprocessor=_base_.inputs, **_base_.network, volume=dict(in_channels=_base_.width))
