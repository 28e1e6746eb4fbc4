# Rooms of S3DIS for pretraining on distances to surfaces: all areas but area 5, or the one that the
# environment variable S3DIS_TEST_AREA names. The paper's scenes are those of ScanNet alone.
_base_ = ['./indoor-surfaces.py', './s3dis-scans.py']

max_voxels = 60000

crop = dict(type='SphereCrop', max_points=max_voxels)
train_pipeline = [*_base_.augment_scan, _base_.grid_sample, crop, *_base_.query_partial]
train_dataloader = dict(
    batch_size=4,  # a device, of which there are four
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
