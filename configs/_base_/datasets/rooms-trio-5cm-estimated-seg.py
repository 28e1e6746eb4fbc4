# The same crops, half of them with normals as they are estimated for scans that have none
_base_ = ['./rooms-trio-5cm-seg.py']

sample_points = [
    *_base_.load_points_and_normals,
    dict(type='SphereCrop', max_points=26000),  # of the scan: what follows takes time by the point
    dict(type='EstimateNormals', prob=0.5),
    *_base_.sample_points[len(_base_.load_points_and_normals) :],
]
train_sources = {
    name: dict(
        _base_.train_sources[name],
        dataset=dict(
            _base_.train_sources[name].dataset,
            pipeline=[dict(type='SetCondition', condition=name), *sample_points],
        ),
    )
    for name in _base_.conditions
}
train_dataloader = dict(dataset=dict(datasets=list(train_sources.values())))
