# FCAF3D on a tiny Swin3D, on one's own scans with boxes with yaw, within minutes on two CPU cores.
# prepare_custom writes a config on top of this one with the classes of the boxes; those named here stand for
# them.
_base_ = [
    '../_base_/datasets/custom-det.py',
    '../_base_/heads/fcaf3d-tiny.py',
    '../_base_/schedules/rooms-det_1600i.py',
]

model = dict(
    bbox_head=dict(
        num_classes=2,
        bbox_coder=dict(type='MobiusBoxCoder'),
        bbox_loss=dict(type='PolygonIoU3DLoss'),
    ),
)

param_scheduler = [_base_.rise, dict(_base_.fall, end=600, T_max=550)]
train_cfg = dict(max_iters=600, val_interval=600)
default_hooks = dict(checkpoint=dict(interval=600))
