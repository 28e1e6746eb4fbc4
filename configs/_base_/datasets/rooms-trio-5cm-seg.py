# Generated rooms of three domains, dense enough for the voxels that real scans are labelled at, with the
# augmentation of Pointcept's joint training but for its mixed scenes:
# for domain in structured3d scannet s3dis; do
#   python -m swin3d_mmdet3d.tools.make_rooms --domain $domain --out data/rooms_trio_dense/$domain \
#       --rooms 108 --points 150000 --seed 5
# done
_base_ = ['./rooms-trio-seg.py']

data_root = 'data/rooms_trio_dense/s3dis/'  # the other two lie beside it
voxel_size = 0.05  # m
max_voxels = 8000
sample_points = [
    *_base_.load_points_and_normals,
    *_base_.augment_points,
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='SphereCrop', max_points=max_voxels),
    *_base_.pack_points[:-1],
    _base_.pack_labels,
]
# endless: a training by iterations has no epochs
train_sources = {
    name: dict(
        _base_.train_sources[name],
        times=1000,
        dataset=dict(
            _base_.train_sources[name].dataset,
            data_root=data_root + _base_.folders[name],
            pipeline=[dict(type='SetCondition', condition=name), *sample_points],
        ),
    )
    for name in _base_.conditions
}
val_sources = {
    name: dict(_base_.val_sources[name], data_root=data_root + _base_.folders[name])
    for name in _base_.conditions
}
train_dataloader = dict(dataset=dict(datasets=list(train_sources.values())))
val_dataloader = dict(dataset=dict(datasets=list(val_sources.values())))
test_dataloader = val_dataloader
