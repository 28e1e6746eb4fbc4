# Rooms of S3DIS for pretraining without labels, a cloud a sample: all areas but area 5, or the one that the
# environment variable S3DIS_TEST_AREA names.
# Numbers: release of MM-3DScene (arXiv 2212.09948), segmentation/config/s3dis/s3dis_pretrain.yaml.
_base_ = ['./indoor-clouds.py']

data_root = 'data/s3dis/'
voxel_size = 0.04  # m
max_voxels = 80000
test_area = int('{{$S3DIS_TEST_AREA:5}}')

train_pipeline = [
    *_base_.load_points,
    _base_.scale_points,
    *_base_.change_colors,
    _base_.turn_hues,
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='SphereCrop', max_points=max_voxels),
    *_base_.pack_points,
]
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=4,  # a device, of which there are four
    dataset=dict(
        type='S3DISWholeSceneDataset',
        data_root=data_root,
        ann_file=[f's3dis_infos_Area_{area}.pkl' for area in range(1, 7) if area != test_area],
        pipeline=train_pipeline,
    ),
)
