# S3DIS, 13 classes, xyz and rgb; trained on all areas but one and tested on that: area 5, or the one that
# the environment variable S3DIS_TEST_AREA names, for the six folds.
# Numbers: S3DIS fine-tuning of Swin3D_Task (arXiv 2304.06906), datasets/s3dis.py, train.py, config/s3dis.
_base_ = ['./indoor-seg.py']

data_root = 'data/s3dis/'
voxel_size = 0.04  # m
max_voxels = 80000
test_area = int('{{$S3DIS_TEST_AREA:5}}')
train_infos = [f's3dis_infos_Area_{area}.pkl' for area in range(1, 7) if area != test_area]
test_infos = [f's3dis_infos_Area_{test_area}.pkl']
submission_infos = test_infos  # what `test --submission` labels; there is no test server

augment_points = [
    _base_.turn_points,
    _base_.jitter_points,
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='SphereCrop', max_points=max_voxels),
    *_base_.pack_points,
]
train_pipeline = [*_base_.load_points, *augment_points]
test_pipeline = [*_base_.load_points, *_base_.evaluate_points]
tta_pipeline = [*_base_.load_points, _base_.vote_points]

settings = dict(type='S3DISWholeSceneDataset', data_root=data_root, ignore_index=_base_.ignore_index)
# The list of rooms is repeated 6 times per epoch (S, 100 epochs; L: 10 times), with 3 rooms a step, on one
# GPU.
auto_scale_lr = dict(enable=False, base_batch_size=3)
train_dataloader = dict(
    drop_last=True,
    dataset=dict(
        type='RepeatDataset',
        times=6,
        dataset=dict(settings, ann_file=train_infos, pipeline=train_pipeline),
    ),
)
val_dataloader = dict(dataset=dict(settings, ann_file=test_infos, pipeline=test_pipeline, test_mode=True))
test_dataloader = val_dataloader
