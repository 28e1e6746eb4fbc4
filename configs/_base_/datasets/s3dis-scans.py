# Rooms of S3DIS for pretraining without labels, 4 cm voxels: all areas but area 5, or the one that the
# environment variable S3DIS_TEST_AREA names
data_root = 'data/s3dis/'
voxel_size = 0.04  # m
grid_sample = dict(type='GridSample', voxel_size=voxel_size)
# points lie millimetres apart: thinned out, so that crops are as large in dense rooms
thin_room = dict(type='GridSample', voxel_size=voxel_size / 2)
test_area = int('{{$S3DIS_TEST_AREA:5}}')
scans = dict(
    type='S3DISWholeSceneDataset',
    data_root=data_root,
    ann_file=[f's3dis_infos_Area_{area}.pkl' for area in range(1, 7) if area != test_area],
)
auto_scale_lr = dict(enable=False, base_batch_size=16)  # four rooms on each of four devices
