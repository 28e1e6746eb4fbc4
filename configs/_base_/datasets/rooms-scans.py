# Scans of generated rooms for pretraining without labels: areas 1, 2, 3, 4 and 6, 10 cm voxels
data_root = 'data/rooms/'
voxel_size = 0.1  # m
grid_sample = dict(type='GridSample', voxel_size=voxel_size)
scans = dict(
    type='S3DISWholeSceneDataset',
    data_root=data_root,
    ann_file=[f's3dis_infos_Area_{area}.pkl' for area in (1, 2, 3, 4, 6)],
)
auto_scale_lr = dict(enable=False, base_batch_size=2)
