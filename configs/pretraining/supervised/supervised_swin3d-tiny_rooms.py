# The baseline with labels: segmentation of the generated rooms of another domain, Structured3D's 25 classes,
# for as many steps as PPKT's
_base_ = ['../../swin3d/swin3d-tiny_rooms-seg.py']

settings = dict(type='Structured3DDataset', data_root='data/rooms/../structured3d/')
train_dataloader = dict(dataset=dict(dataset=dict(settings, ann_file='structured3d_infos_train.pkl')))
val_dataloader = dict(dataset=dict(settings, ann_file='structured3d_infos_val.pkl'))
test_dataloader = val_dataloader
model = dict(decode_head=dict(num_classes=25, loss_decode=dict(class_weight=None)))
param_scheduler = [dict(_base_.rise, end=50), dict(_base_.fall, begin=50, end=600, T_max=550)]
train_cfg = dict(max_iters=600, val_interval=600)
custom_hooks = [dict(type='ExportHook')]
default_hooks = dict(checkpoint=dict(interval=600))
