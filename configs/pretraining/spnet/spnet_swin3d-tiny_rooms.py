# SPNet beside TR3D on generated rooms, for as many steps as detection has in the comparison of methods:
# model.pth loads into tr3d_swin3d-tiny_rooms-s3dis-det_from-student.py
_base_ = [
    '../../_base_/heads/rooms-tr3d.py',
    '../../_base_/heads/spnet.py',
    '../../_base_/schedules/rooms-det_1600i.py',
]

passing = dict(
    _base_.passing,
    twin=_base_.model,
    num_classes=5,
    in_channels=_base_.encoder.channels[:3],
)
model = dict(_delete_=True, type='WithObjectives', model=_base_.model, objectives=[passing])
param_scheduler = [dict(_base_.rise, end=12), dict(_base_.fall, begin=12, end=400, T_max=388)]
train_cfg = dict(max_iters=400, val_interval=400)
custom_hooks = [dict(type='ExportHook')]
default_hooks = dict(checkpoint=dict(interval=400))
