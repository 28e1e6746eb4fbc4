# Generated rooms of Structured3D with labels and of S3DIS without them, tested on area 5 of S3DIS:
# for domain in structured3d s3dis; do
#   python -m swin3d_mmdet3d.tools.make_rooms --domain $domain --out data/rooms_shift/$domain --rooms 60
# done
_base_ = ['./indoor-shift-seg.py']

data_root = 'data/rooms_shift/s3dis/'  # the other lies beside it
voxel_size = 0.1  # m
max_points = 13000  # of a crop, about 4000 voxels
num_classes = 11
crop_points = [
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
        *_base_.load_points_and_normals,
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
        *_base_.load_points_and_normals,
        dict(type='HideLabels', hidden=True),
        *crop_points,
        dict(type='MakeViews', pipelines=unlabelled_views),
        _base_.pack_views,
    ],
)
# as many rooms with labels as batches of the other recipes of generated rooms have
auto_scale_lr = dict(enable=False, base_batch_size=3)
train_dataloader = dict(
    batch_size=3,
    num_workers=2,
    batch_sampler=dict(type='MixedSourceBatchSampler', counts=[2, 1]),
    dataset=dict(
        type='ConcatDataset',
        # repeated past the end of the training, which goes by iterations
        datasets=[dict(type='RepeatDataset', times=50, dataset=source) for source in (labelled, unlabelled)],
        ignore_keys=_base_.ignore_keys,
    ),
)
val_dataloader = dict(
    dataset=dict(
        of_target,
        ann_file='s3dis_infos_Area_5.pkl',
        pipeline=[*_base_.load_points_and_normals, *_base_.evaluate_points],
        test_mode=True,
    )
)
test_dataloader = val_dataloader
tta_model = None
