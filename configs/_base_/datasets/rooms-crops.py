# Generated rooms for pretraining without labels: two overlapping crops of a scan, with normals, 10 cm voxels;
# areas 1, 2, 3, 4 and 6.
_base_ = ['./indoor-crops.py']

data_root = 'data/rooms/'
voxel_size = 0.1  # m
max_points = 8000  # of a crop

augment_view = [
    *_base_.augment_view,
    dict(type='GridSample', voxel_size=voxel_size),
    *_base_.finish_view,
]
train_pipeline = [
    *_base_.load_points_and_normals,
    dict(
        type='MultiCrop',
        num_global=2,
        global_ratio=(0.6, 1.0),
        max_points=max_points,
        global_pipeline=augment_view,
    ),
    _base_.pack_views,
]
auto_scale_lr = dict(enable=False, base_batch_size=2)
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    dataset=dict(
        type='S3DISWholeSceneDataset',
        data_root=data_root,
        ann_file=[f's3dis_infos_Area_{area}.pkl' for area in (1, 2, 3, 4, 6)],
        pipeline=train_pipeline,
    ),
)
