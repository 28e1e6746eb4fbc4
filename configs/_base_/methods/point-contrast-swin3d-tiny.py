# PointContrast with the tiny Swin3D, within minutes on a CPU
_base_ = [
    '../backbones/swin3d-tiny.py',
    '../heads/point-contrast.py',
    '../schedules/pretrain-tiny_600i.py',
]

model = dict(
    data_preprocessor=_base_.inputs,
    **_base_.network,
    head=dict(in_channels=_base_.width),
    matcher=dict(max_pairs=2048),
)
