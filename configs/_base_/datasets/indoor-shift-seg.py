# Scenes of one data set with labels and of another without, in one batch, for segmentation under a domain
# shift: the classes of both, and the weak and the strong view of a scene. Each base adds its files, voxel
# size and crop. Scenes with labels have the augmentation of indoor-seg.py in the place of the strong view,
# strong views that of indoor-mix-seg.py besides.
_base_ = ['./indoor-seg.py']

# What Structured3D and S3DIS both tell apart, by the ids of their mask files. Beams and columns are one class
# of Structured3D; boards are clutter, since they are no class there.
s3dis_classes = {
    'ceiling': [0],
    'floor': [1],
    'wall': [2],
    'column': [3, 4],
    'window': [5],
    'door': [6],
    'table': [7],
    'chair': [8],
    'sofa': [9],
    'bookcase': [10],
    'clutter': [11, 12],
}
structured3d_classes = {
    'ceiling': [22],
    'floor': [2],
    'wall': [1],
    'column': [38],
    'window': [9],
    'door': [8],
    'table': [7, 14],
    'chair': [5],
    'sofa': [6],
    'bookcase': [10, 15],
    'clutter': [3, 4, 11, 16, 17, 18, 19, 24, 25, 32, 34, 35, 39, 40],
}
s3dis_metainfo = dict(
    classes=list(s3dis_classes),
    seg_valid_class_ids=list(s3dis_classes.values()),
    seg_all_class_ids=list(range(14)),
)
structured3d_metainfo = dict(
    classes=list(structured3d_classes),
    seg_valid_class_ids=list(structured3d_classes.values()),
    seg_all_class_ids=list(range(41)),
)
# what Structured3D and ScanNet both tell apart, under the same ids
scannet_metainfo = dict(
    classes=[
        'wall',
        'floor',
        'cabinet',
        'bed',
        'chair',
        'sofa',
        'table',
        'door',
        'window',
        'picture',
        'desk',
        'curtain',
        'refrigerator',
        'sink',
        'otherfurniture',
    ]
)

# All points of the crop are in the weak view, so that it has each one that the strong view keeps.
number_points = dict(type='SourceCoords')
weak_view = [
    dict(type='GlobalRotScaleTrans', rot_range=[-_base_.pi, _base_.pi], scale_ratio_range=[1.0, 1.0]),
    dict(type='RandomFlip3D', sync_2d=False, flip_ratio_bev_horizontal=0.5, flip_ratio_bev_vertical=0.5),
    dict(type='PositiveShift'),
    dict(type='NormalizeColorSigned'),
]
labelled_points = [_base_.turn_points, _base_.jitter_points, dict(type='PositiveShift')]
strong_points = [
    _base_.turn_points,
    weak_view[1],
    _base_.jitter_points,
    dict(type='ElasticDistortion', scales=[(0.2, 0.4), (0.8, 1.6)], prob=0.95),
    dict(type='ChromaticAutoContrast', prob=0.2),
    dict(type='ChromaticTranslation', prob=0.95, ratio=0.05),
    dict(type='ChromaticJitter', prob=0.95, std=0.05),
    dict(type='PositiveShift'),
]
finish_view = _base_.pack_points[:-1]
pack_views = dict(type='PackPretrainInputs', meta_keys=['labels_hidden', 'lidar_path'])
# what may differ between the sources of a concatenation
ignore_keys = ['dataset', 'categories', 'palette', 'label_mapping']
ignore_keys += ['seg_valid_class_ids', 'seg_all_class_ids']
