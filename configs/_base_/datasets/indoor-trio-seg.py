# Structured3D, ScanNet and S3DIS for joint training, 2 cm voxels everywhere. Augmentation and batches of the
# released S3DIS recipe (Pointcept, s3dis/semseg-ppt-v1m1-0-s3-sc-st-spunet): 24 scenes a step over all
# devices, 4 : 2 : 1. It bounds the crops of Structured3D and S3DIS by their part of the scene alone; the most
# voxels of those two are ours.
_base_ = ['./trio-seg.py']

data_root = 'data/s3dis/'  # the other two lie beside it
voxel_size = 0.02  # m
# most voxels of a crop, and the part of a scene that it keeps
crops = dict(
    Structured3D=dict(type='SphereCrop', max_points=120000, keep_ratio=0.8),
    ScanNet=dict(type='SphereCrop', max_points=100000),
    S3DIS=dict(type='SphereCrop', max_points=100000, keep_ratio=0.6),
)
settings = {
    name: dict(
        type=_base_.kinds[name],
        data_root=data_root + _base_.folders[name],
        ignore_index=_base_.ignore_index,
    )
    for name in _base_.conditions
}
train_sources = {
    name: dict(
        settings[name],
        ann_file=_base_.train_infos[name],
        pipeline=[
            dict(type='SetCondition', condition=name),
            *_base_.mix_points,
            dict(type='GridSample', voxel_size=voxel_size),
            crops[name],
            dict(type='NormalizeColorSigned'),
            _base_.pack_labels,
        ],
    )
    for name in _base_.conditions
}
val_sources = {
    name: dict(
        settings[name],
        ann_file=_base_.val_infos[name],
        pipeline=_base_.test_pipelines[name],
        test_mode=True,
    )
    for name in _base_.conditions
}

# 24 scenes a step: 3 on each of 8 GPUs
auto_scale_lr = dict(enable=False, base_batch_size=24)
train_dataloader = dict(
    num_workers=8,
    batch_sampler=dict(type='SingleSourceBatchSampler', ratios=[4, 2, 1]),
    dataset=dict(type='ConcatDataset', datasets=list(train_sources.values()), ignore_keys=_base_.ignore_keys),
)
val_dataloader = dict(
    num_workers=2,
    dataset=dict(type='ConcatDataset', datasets=list(val_sources.values()), ignore_keys=_base_.ignore_keys),
)
test_dataloader = val_dataloader
