# Rooms of S3DIS for pretraining without labels, a cloud a sample: all areas but area 5, or the one that the
# environment variable S3DIS_TEST_AREA names.
# Numbers: release of MM-3DScene (arXiv 2212.09948), segmentation/config/s3dis/s3dis_pretrain.yaml.
_base_ = ['./indoor-clouds.py', './s3dis-scans.py']

max_voxels = 80000

train_pipeline = [
    *_base_.load_points,
    _base_.scale_points,
    *_base_.change_colors,
    _base_.turn_hues,
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=_base_.voxel_size),
    dict(type='SphereCrop', max_points=max_voxels),
    *_base_.pack_points,
]
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=4,  # a device, of which there are four
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
