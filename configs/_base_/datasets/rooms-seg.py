# Generated rooms in the layout of S3DIS, 13 classes, xyz, rgb and normals; areas 1, 2, 3, 4 and 6 train,
# area 5 tests. Small enough for two cores; the augmentation is that of S3DIS.
_base_ = ['./indoor-seg.py']

data_root = 'data/rooms/'
voxel_size = 0.1  # m
max_voxels = 4000
train_infos = [f's3dis_infos_Area_{area}.pkl' for area in (1, 2, 3, 4, 6)]
test_infos = ['s3dis_infos_Area_5.pkl']
# inverse square roots of the classes' shares of the training areas' points, the largest 2
class_weight = [0.69, 0.56, 0.42, 1.52, 1.18, 1.57, 1.31, 1.8, 1.34, 1.29, 1.24, 2.0, 1.01]

augment_points = [
    _base_.turn_points,
    _base_.jitter_points,
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='SphereCrop', max_points=max_voxels),
    *_base_.pack_points,
]
train_pipeline = [*_base_.load_points_and_normals, *augment_points]
test_pipeline = [*_base_.load_points_and_normals, *_base_.evaluate_points]
tta_pipeline = [*_base_.load_points_and_normals, _base_.vote_points]

settings = dict(type='S3DISWholeSceneDataset', data_root=data_root, ignore_index=_base_.ignore_index)
auto_scale_lr = dict(enable=False, base_batch_size=2)
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    dataset=dict(
        type='RepeatDataset',
        times=1,
        dataset=dict(settings, ann_file=train_infos, pipeline=train_pipeline),
    ),
)
val_dataloader = dict(dataset=dict(settings, ann_file=test_infos, pipeline=test_pipeline, test_mode=True))
test_dataloader = val_dataloader
