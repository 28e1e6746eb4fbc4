# Rooms of Structured3D with labels and of S3DIS without them, tested on area 5, 11 classes, xyz and rgb
_base_ = ['./indoor-shift-seg.py']

data_root = 'data/s3dis/'  # Structured3D lies beside it
voxel_size = 0.04  # m
max_points = 200000  # of a crop
num_classes = 11
crop_points = [
    # thinned out, so that a crop is as large in dense rooms
    dict(type='GridSample', voxel_size=voxel_size / 2),
    dict(type='SphereCrop', max_points=max_points),
    _base_.number_points,
]
thin_view = [dict(type='GridSample', voxel_size=voxel_size), *_base_.finish_view]
labelled_views = [_base_.weak_view, [*_base_.labelled_points, *thin_view]]
unlabelled_views = [_base_.weak_view, [*_base_.strong_points, *thin_view]]
labelled = dict(
    type='Structured3DDataset',
    data_root=data_root + '../structured3d/',
    ann_file='structured3d_infos_train.pkl',
    metainfo=_base_.structured3d_metainfo,
    ignore_index=_base_.ignore_index,
    pipeline=[
        *_base_.load_points,
        dict(type='HideLabels', hidden=False),
        *crop_points,
        dict(type='MakeViews', pipelines=labelled_views),
        _base_.pack_views,
    ],
)
of_target = dict(
    type='S3DISWholeSceneDataset',
    data_root=data_root,
    metainfo=_base_.s3dis_metainfo,
    ignore_index=_base_.ignore_index,
)
unlabelled = dict(
    of_target,
    ann_file=[f's3dis_infos_Area_{area}.pkl' for area in (1, 2, 3, 4, 6)],
    pipeline=[
        *_base_.load_points,
        dict(type='HideLabels', hidden=True),
        *crop_points,
        dict(type='MakeViews', pipelines=unlabelled_views),
        _base_.pack_views,
    ],
)
# three scenes of each, as many with labels as the recipe of S3DIS has, on one GPU
auto_scale_lr = dict(enable=False, base_batch_size=6)
train_dataloader = dict(
    batch_size=6,
    batch_sampler=dict(type='MixedSourceBatchSampler', counts=[3, 3]),
    dataset=dict(type='ConcatDataset', datasets=[labelled, unlabelled], ignore_keys=_base_.ignore_keys),
)
val_dataloader = dict(
    dataset=dict(
        of_target,
        ann_file='s3dis_infos_Area_5.pkl',
        pipeline=[*_base_.load_points, *_base_.evaluate_points],
        test_mode=True,
    )
)
test_dataloader = val_dataloader
tta_model = None
