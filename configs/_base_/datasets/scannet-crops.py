# Scans of ScanNet for pretraining without labels: two crops of 60 % of a scan, 2 cm voxels; voxels and share
# as in MaskedSceneContrast (arXiv 2303.14191, its released config).
_base_ = ['./indoor-crops.py', './scannet-scans.py']

max_points = 200000  # of the scan, of which a crop has 60 %

augment_view = [*_base_.augment_view, _base_.grid_sample, *_base_.finish_view]
crops = dict(_base_.two_crops, max_points=max_points, global_pipeline=augment_view)
train_pipeline = [*_base_.load_points, crops, _base_.pack_views]
auto_scale_lr = dict(enable=False, base_batch_size=32)
train_dataloader = dict(
    batch_size=4,  # a device, of which there are eight
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
