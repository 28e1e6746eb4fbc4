# Rooms of S3DIS for pretraining without labels, a cloud a sample: all areas but area 5, or the one that the
# environment variable S3DIS_TEST_AREA names.
# Numbers: release of MM-3DScene (arXiv 2212.09948), segmentation/config/s3dis/s3dis_pretrain.yaml.
_base_ = ['./indoor-clouds.py', './s3dis-scans.py']

max_voxels = 80000

crop = dict(type='SphereCrop', max_points=max_voxels)
train_pipeline = [*_base_.augment_scan, _base_.grid_sample, crop, *_base_.pack_points]
train_dataloader = dict(
    batch_size=4,  # a device, of which there are four
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
