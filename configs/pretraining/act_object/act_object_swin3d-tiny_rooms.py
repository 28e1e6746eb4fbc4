# ACT on the objects of generated rooms, within minutes on a CPU. The name is that which every method's recipe
# for generated rooms has; what is trained is a token transformer of single objects, not a Swin3D.
_base_ = [
    '../../_base_/datasets/rooms-object-clouds.py',
    '../../_base_/heads/act-object-tiny.py',
    '../../_base_/schedules/pretrain-objects_300i.py',
    '../../_base_/runtime/pretraining.py',
]

optim_wrapper = dict(optimizer=dict(lr=0.002))
custom_hooks = [*_base_.custom_hooks, *_base_.value_schedules]
