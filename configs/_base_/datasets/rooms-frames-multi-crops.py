# Generated rooms for Concerto: crops as for Sonata, three frames of the room beside them, normals, 10 cm
# voxels; areas 1, 2, 3, 4 and 6, no labels.
_base_ = ['./indoor-multi-crops.py', './rooms-scans.py']

max_points = 4000  # of a crop

thin_view = [dict(type='GridSample', voxel_size=_base_.voxel_size), dict(type='NormalizeColorSigned')]
train_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadNormals'),
    dict(type='LoadRGBDFrames', num_frames=3),
    dict(type='MatchVisiblePixels', tolerance=0.05),
    dict(type='CropFrames', size=(320, 240), min_kept=0.0),
    dict(type='SourceCoords'),
    dict(
        type='MultiCrop',
        num_global=2,
        num_local=2,
        global_ratio=(0.4, 1.0),
        local_ratio=(0.1, 0.4),
        max_points=max_points,
        shared_pipeline=_base_.color_view,
        global_pipeline=[*_base_.move_view, *thin_view],
        local_pipeline=[dict(type='DropFrames'), *_base_.move_view, *_base_.color_view, *thin_view],
    ),
    _base_.pack_views,
]
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    dataset=dict(_base_.scans, type='RGBDSceneDataset', pipeline=train_pipeline),
)
