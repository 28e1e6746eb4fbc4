# Sonata on generated rooms, within minutes on a CPU
_base_ = [
    '../../_base_/datasets/rooms-multi-crops.py',
    '../../_base_/heads/sonata-tiny.py',
    '../../_base_/schedules/pretrain-tiny_600i.py',
]

optim_wrapper = dict(optimizer=dict(lr=0.0005), clip_grad=dict(max_norm=3.0))
custom_hooks = [*_base_.custom_hooks, *_base_.value_schedules]
