# Few labels: the tiny Swin3D on the first generated rooms, two unless SCENES says otherwise, from any student
_base_ = ['../swin3d/swin3d-tiny_rooms-seg.py', '../_base_/runtime/student.py']

scenes = int('{{$SCENES:2}}')
train_dataloader = dict(dataset=dict(dataset=dict(indices=scenes)))
model = _base_.from_student
param_scheduler = [dict(_base_.rise, end=30), dict(_base_.fall, begin=30, end=300, T_max=270)]
train_cfg = dict(max_iters=300, val_interval=300)
default_hooks = dict(checkpoint=dict(interval=300))
