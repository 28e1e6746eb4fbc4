# Scans of ScanNet for pretraining without labels, 2 cm voxels
data_root = 'data/scannet/'
voxel_size = 0.02  # m
grid_sample = dict(type='GridSample', voxel_size=voxel_size)
scans = dict(type='ScanNetWholeSceneDataset', data_root=data_root, ann_file='scannet_infos_train.pkl')
