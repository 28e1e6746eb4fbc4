# Rooms of S3DIS for pretraining without labels, 4 cm voxels: all areas but area 5, or the one that the
# environment variable S3DIS_TEST_AREA names
data_root = 'data/s3dis/'
voxel_size = 0.04  # m
test_area = int('{{$S3DIS_TEST_AREA:5}}')
scans = dict(
    type='S3DISWholeSceneDataset',
    data_root=data_root,
    ann_file=[f's3dis_infos_Area_{area}.pkl' for area in range(1, 7) if area != test_area],
)
