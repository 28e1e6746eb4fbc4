"""Recipes of FixMatch (arXiv 2001.07685) under a domain shift (arXiv 2111.10079).

Source: github.com/google-research/fixmatch (3ae6800), whose files stand here as FixMatch.
"""

from math import pi

from .point_contrast import SGD_15K
from .pretraining import SMALL_STUDENT, SWIN3D_60K
from .rooms import AREAS, CHOSEN, TINY, by_iterations
from .sources import CHROMATIC, S3DIS_SPLIT, SCANNET_SPLIT, ours, split, taken

RELEASED = 'FixMatch, fixmatch.py'
ELASTIC = ((0.2, 0.4), (0.8, 1.6))
WEAK = ('MakeViews', 'GlobalRotScaleTrans', 'RandomFlip3D')
ORDINARY = ('GlobalRotScaleTrans', 'RandomJitterPoints', 'GridSample', 'RandomDropColor')
STRONG = (
    'GlobalRotScaleTrans',
    'RandomFlip3D',
    'RandomJitterPoints',
    'ElasticDistortion',
    *CHROMATIC,
    'GridSample',
    'RandomDropColor',
)


def crops(*steps):
    """The order of the steps of labelled and of unlabelled scenes, which are cropped by these."""
    return tuple(('HideLabels', *steps, *WEAK, *second) for second in (ORDINARY, STRONG))


MODEL = [
    taken(RELEASED, model=dict(threshold=0.95, weight=1.0)),
    ours(
        'labelled scenes have the augmentation of Swin3D, strong views that of joint training besides',
        training=dict(
            labels_hidden=(False, True),
            turn=((-pi, pi), (-pi, pi)),
            scale=((1.0, 1.0), (0.8, 1.2)),
            flip=((0.5, 0.5), ((0.5, 0.5), (0.5, 0.5))),
            jitter=(0.005,) * 3,
            jitter_clip=(-0.02, 0.02),
            elastic=(None, (ELASTIC, 0.95)),
            contrast=(None, 0.2),
            colour_shift=(None, (0.95, 0.05)),
            colour_jitter=(None, (0.95, 0.05)),
            colour_drop=0.2,
            order=crops('SphereCrop'),
        ),
    ),
]
REAL = [
    *MODEL,
    ours(
        'dense rooms are thinned out ahead of the crop',
        data=dict(repeats=1),
        training=dict(order=crops('GridSample', 'SphereCrop')),
    ),
]
SWIN3D_SMALL = [
    *SMALL_STUDENT,
    SWIN3D_60K,
    ours(
        'three scenes with labels, as the recipes with labels alone, and as many without',
        data=dict(batch=6, devices=1, counts=(3, 3)),
        decode_head=dict(in_channels=48),
    ),
    ours('that of all recipes with labels', optimiser=dict(seed=123, tested_every=5000)),
]
STRUCTURED3D = 'structured3d_infos_train.pkl'
TO_S3DIS = [
    split('Structured3D has the labels', [STRUCTURED3D, *AREAS], S3DIS_SPLIT['data.validated_on'][0]),
    ours('classes that both tell apart', decode_head=dict(num_classes=11)),
]
TO_SCANNET = [
    split(
        'Structured3D has the labels',
        [STRUCTURED3D, *SCANNET_SPLIT['data.trained_on'][0]],
        SCANNET_SPLIT['data.validated_on'][0],
    ),
    ours('classes that both tell apart', decode_head=dict(num_classes=15)),
    ours(
        '2 cm, as its recipe of segmentation',
        data_preprocessor=dict(voxel_size=0.02),
        training=dict(voxel=(0.01, 0.02), crop=150000),
    ),
]
ROOMS = [
    TINY,
    *MODEL,
    *TO_S3DIS,
    by_iterations(0.006, 50, 900, 1e-3, 0.05, rate_of_blocks=0.25, seed=123, tested_every=900),
    ours(CHOSEN, training=dict(voxel=0.1, crop=13000), decode_head=dict(in_channels=32)),
    ours(
        'inverse square roots of the shares of labelled points',
        decode_head={
            'loss_decode.type': 'mmdet.CrossEntropyLoss',
            'loss_decode.avg_non_ignore': True,
            'loss_decode.class_weight': (0.51, 0.47, 0.34, 1.76, 0.73, 1.15, 1.17, 1.54, 2.0, 1.76, 0.65),
        },
    ),
    ours('two rooms with labels, as other recipes of rooms have', data=dict(batch=3, counts=(2, 1))),
    ours('a training by iterations has no epochs', data=dict(repeats=50)),
]

RECIPES = {
    'fixmatch_swin3d-tiny_rooms': ROOMS,
    'fixmatch_swin3d-tiny_rooms_shuffled': [*ROOMS, ours('the control', model=dict(shuffle=True))],
    'fixmatch_swin3d-tiny_rooms_labelled': [
        *ROOMS,
        ours('three with labels, none without', data=dict(counts=(3, 0))),
    ],
    'fixmatch_swin3d-tiny_rooms_average': [
        *ROOMS,
        ours('0.999 is for longer trainings', model=dict(momentum=0.99)),
    ],
    'fixmatch_swin3d-small_s3dis': [
        *REAL,
        *SWIN3D_SMALL,
        *TO_S3DIS,
        ours(
            '4 cm, as its recipe of segmentation',
            data_preprocessor=dict(voxel_size=0.04),
            training=dict(voxel=(0.02, 0.04), crop=200000),
            backbone=dict(down_stride=2),
        ),
    ],
    'fixmatch_swin3d-small_scannet': [
        *REAL,
        *SWIN3D_SMALL,
        *TO_SCANNET,
        ours('as on ScanNet with labels', backbone=dict(down_stride=3)),
    ],
    'fixmatch_sparse-unet34_scannet': [
        *REAL,
        *TO_SCANNET,
        taken(
            'PointContrast, its segmentation of ScanNet; as many without labels',
            data=dict(batch=96, devices=8, counts=(6, 6)),
            data_preprocessor=dict(features=('rgb',)),
            backbone=dict(in_channels=3),
            decode_head=dict(in_channels=96),
            optimiser=SGD_15K,
        ),
        ours('the network reads no signal', data_preprocessor=dict(signals=('xyz', 'rgb'))),
        ours('that of all recipes with labels', optimiser=dict(seed=123, tested_every=5000)),
    ],
}
