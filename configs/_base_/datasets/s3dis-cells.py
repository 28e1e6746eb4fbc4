# Rooms of S3DIS for pretraining by clusters of cells, without labels: a room turned, its colours changed,
# 4 cm voxels; all areas but area 5, or the one that the environment variable S3DIS_TEST_AREA names.
_base_ = ['./indoor-crops.py', './s3dis-scans.py']

max_voxels = 80000

augment_scan = [*_base_.load_points, *_base_.augment_view, _base_.grid_sample]
crop = dict(type='SphereCrop', max_points=max_voxels)
train_pipeline = [*augment_scan, crop, *_base_.finish_view, _base_.pack_views]
train_dataloader = dict(
    batch_size=4,  # a device, of which there are four
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
