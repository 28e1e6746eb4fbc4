# Swin3D-S on S3DIS alone from ppt_swin3d-small_indoor-trio.py, under S3DIS' prompt and on its 2 cm voxels
# with normals, which the recipes of S3DIS do not have
_base_ = ['./ppt_swin3d-small_indoor-trio.py']

load_from = 'work_dirs/ppt_swin3d-small_indoor-trio/epoch_100.pth'
auto_scale_lr = dict(base_batch_size=3)  # on one GPU, as S3DIS' own recipes
train_dataloader = dict(
    batch_sampler=dict(ratios=[1]),
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[dict(type='RepeatDataset', times=6, dataset={{_base_.train_sources.S3DIS}})],
    ),
)
val_dataloader = dict(
    dataset=dict(_delete_=True, type='ConcatDataset', datasets=[{{_base_.val_sources.S3DIS}}])
)
test_dataloader = val_dataloader
peak_lr = 0.0006  # that of fine-tuning Swin3D-S on S3DIS
optim_wrapper = dict(optimizer=dict(lr=peak_lr / 10))
default_hooks = dict(checkpoint=dict(save_best='S3DIS/miou'))
custom_hooks = [dict(type='ExportHook')]
