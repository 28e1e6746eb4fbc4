# PointContrast on crops of generated rooms, within minutes on a CPU: 850 steps, as long as PPKT's 600 take
_base_ = ['../../_base_/datasets/rooms-crops.py', '../../_base_/methods/point-contrast-swin3d-tiny.py']

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size), matcher=dict(radius=1.5 * _base_.voxel_size)
)
param_scheduler = [_base_.param_scheduler[0], dict(_base_.param_scheduler[1], end=850, T_max=800)]
train_cfg = dict(max_iters=850)
