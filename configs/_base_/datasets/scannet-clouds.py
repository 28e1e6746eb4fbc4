# Scans of ScanNet for pretraining without labels, a cloud a sample.
# Numbers: release of MM-3DScene (arXiv 2212.09948), segmentation/config/scannet/scannet_pretrain.yaml.
_base_ = ['./indoor-clouds.py', './scannet-scans.py']

max_voxels = 120000

crop = dict(type='SphereCrop', max_points=max_voxels)
train_pipeline = [*_base_.augment_scan, _base_.grid_sample, crop, *_base_.pack_points]
auto_scale_lr = dict(enable=False, base_batch_size=8)
train_dataloader = dict(
    batch_size=2,  # a device, of which there are four
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
