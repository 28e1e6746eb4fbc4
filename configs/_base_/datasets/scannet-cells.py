# Scans of ScanNet for pretraining by clusters of cells, without labels: a scan turned, its colours changed,
# 2 cm voxels.
_base_ = ['./indoor-crops.py', './scannet-scans.py']

max_voxels = 80000

augment_scan = [*_base_.load_points, *_base_.augment_view, _base_.grid_sample]
crop = dict(type='SphereCrop', max_points=max_voxels)
train_pipeline = [*augment_scan, crop, *_base_.finish_view, _base_.pack_views]
auto_scale_lr = dict(enable=False, base_batch_size=32)
train_dataloader = dict(
    batch_size=4,  # a device, of which there are eight
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
