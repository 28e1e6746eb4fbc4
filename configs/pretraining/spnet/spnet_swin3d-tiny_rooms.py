# SPNet beside TR3D on generated rooms, for as many steps as detection has in the comparison of methods:
# model.pth loads into tr3d_swin3d-tiny_rooms-s3dis-det_from-student.py
_base_ = ['../../_base_/heads/rooms-tr3d.py', '../../_base_/schedules/rooms-det_1600i.py']

detector = _base_.model
passing = dict(
    type='SPNet',
    twin=detector,
    num_classes=5,
    levels=['encoder.0', 'encoder.1', 'encoder.2'],
    in_channels=_base_.encoder.channels[:3],
)
model = dict(_delete_=True, type='WithObjectives', model=detector, objectives=[passing])
param_scheduler = [dict(_base_.rise, end=12), dict(_base_.fall, begin=12, end=400, T_max=388)]
train_cfg = dict(max_iters=400, val_interval=400)
custom_hooks = [dict(type='ExportHook')]
default_hooks = dict(checkpoint=dict(interval=400))
