# SR-UNet34 on S3DIS area 5 from a student of ppkt_sparse-unet34_scannet-frames.py: batch 32, 15,000
# iterations (arXiv 2104.04687, section 4.2); 5 cm voxels, SGD 0.1 and polynomial decay as PointContrast
_base_ = ['../_base_/datasets/s3dis-seg.py', '../_base_/default_runtime.py']

student = 'work_dirs/ppkt_sparse-unet34_scannet-frames/student.pth'
model = dict(
    type='VoxelSegmentor',
    # the pipeline keeps a point per 4 cm, which leaves hardly a voxel of 5 cm empty
    data_preprocessor=dict(
        type='VoxelPreprocessor', voxel_size=0.05, features=('rgb',), signals=('xyz', 'rgb')
    ),
    backbone=dict(
        type='SparseUNet34',
        in_channels=3,
        init_cfg=dict(type='StrictPretrained', checkpoint=student, prefix='backbone.'),
    ),
    decode_head=dict(type='VoxelSegHead', in_channels=96, num_classes=13),
)
auto_scale_lr = dict(base_batch_size=32)
train_dataloader = dict(batch_size=32, sampler=dict(type='InfiniteSampler', shuffle=True))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9, dampening=0.1, weight_decay=1e-4),
)
param_scheduler = [dict(type='PolyLR', power=0.9, eta_min=0, by_epoch=False, begin=0, end=15000)]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=15000, val_interval=5000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=5000))
log_processor = dict(by_epoch=False)
