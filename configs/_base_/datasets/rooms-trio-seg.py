# Generated rooms of three domains for joint training:
# for domain in structured3d scannet s3dis; do
#   python -m swin3d_mmdet3d.tools.make_rooms --domain $domain --out data/rooms_trio/$domain --rooms 60
# done
_base_ = ['./trio-seg.py']

data_root = 'data/rooms_trio/s3dis/'  # the other two lie beside it
voxel_size = 0.1  # m
max_voxels = 4000
settings = {
    name: dict(
        type=_base_.kinds[name],
        data_root=data_root + _base_.folders[name],
        ignore_index=_base_.ignore_index,
    )
    for name in _base_.conditions
}
sample_points = [
    *_base_.load_points_and_normals,
    _base_.turn_points,
    _base_.jitter_points,
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='SphereCrop', max_points=max_voxels),
    *_base_.pack_points[:-1],
    _base_.pack_labels,
]
# repeated past the end of the training, which goes by iterations
train_sources = {
    name: dict(
        type='RepeatDataset',
        times=50,
        dataset=dict(
            settings[name],
            ann_file=_base_.train_infos[name],
            pipeline=[dict(type='SetCondition', condition=name), *sample_points],
        ),
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

auto_scale_lr = dict(enable=False, base_batch_size=2)
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    batch_sampler=dict(type='SingleSourceBatchSampler', ratios=[1, 1, 1]),
    dataset=dict(type='ConcatDataset', datasets=list(train_sources.values()), ignore_keys=_base_.ignore_keys),
)
val_dataloader = dict(
    dataset=dict(type='ConcatDataset', datasets=list(val_sources.values()), ignore_keys=_base_.ignore_keys),
)
test_dataloader = val_dataloader
