# S3DIS, boxes of 5 classes, xyz and rgb; trained on areas 1, 2, 3, 4 and 6, tested on area 5.
# The original's S3DIS detection configs are empty files. This recipe is derived: the repeats are those of
# FCAF3D's own S3DIS config (arXiv 2112.00322), everything else is as on ScanNet.
_base_ = ['./indoor-det.py']

data_root = 'data/s3dis/'
voxel_size = 0.02  # m
max_voxels = 60000
train_areas = (1, 2, 3, 4, 6)

load_points = [*_base_.load_points, dict(type='GridSample', voxel_size=voxel_size)]
train_pipeline = [
    *load_points,
    dict(type='BoxKeepingCrop', max_points=max_voxels),
    *_base_.augment_points,
]
test_pipeline = [dict(type='LoadColoredPoints'), *_base_.pack_points]

settings = dict(type='S3DISDetDataset', data_root=data_root)
train_sets = [
    dict(settings, **_base_.trained, ann_file=f's3dis_infos_Area_{area}.pkl', pipeline=train_pipeline)
    for area in train_areas
]
# The list of rooms is repeated 13 times per epoch (12 epochs); 16 rooms a step, on 8 GPUs.
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    dataset=dict(type='RepeatDataset', times=13, dataset=dict(type='ConcatDataset', datasets=train_sets))
)
val_dataloader = dict(
    dataset=dict(settings, **_base_.tested, ann_file='s3dis_infos_Area_5.pkl', pipeline=test_pipeline)
)
test_dataloader = val_dataloader
