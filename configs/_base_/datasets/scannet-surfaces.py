# Scans of ScanNet for pretraining on distances to surfaces. The release cuts them into pieces of 3 x 3 m of
# at least 70,000 vertices; a crop here is a sphere of so many voxels.
_base_ = ['./indoor-surfaces.py', './scannet-scans.py']

max_voxels = 60000

crop = dict(type='SphereCrop', max_points=max_voxels)
train_pipeline = [*_base_.augment_scan, _base_.grid_sample, crop, *_base_.query_partial]
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=4,  # a device, of which there are four
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
