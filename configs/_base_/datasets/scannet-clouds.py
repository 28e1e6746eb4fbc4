# Scans of ScanNet for pretraining without labels, a cloud a sample.
# Numbers: release of MM-3DScene (arXiv 2212.09948), segmentation/config/scannet/scannet_pretrain.yaml.
_base_ = ['./indoor-clouds.py', './scannet-scans.py']

max_voxels = 120000

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
auto_scale_lr = dict(enable=False, base_batch_size=8)
train_dataloader = dict(
    batch_size=2,  # a device, of which there are four
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
