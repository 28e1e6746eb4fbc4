"""Recipes of Sonata (arXiv 2503.16429) and Concerto (arXiv 2510.23607)."""

from math import pi

from .i2p_mae import SMALL_ENCODER, encoder_alone
from .masked_scene_contrast import twice
from .rooms import AREAS, CHOSEN, TINY, by_iterations
from .sources import SCANNET_SPLIT, ours, taken

RELEASED = 'Pointcept, configs/sonata/pretrain-sonata-v1m2-0-uni-teacher-head.py'
CONCERTO = 'Pointcept, configs/concerto/pretrain-concerto-v1m1-0-base.py'
COLOURS = ('ColorJitter', 'ChromaticTranslation')
MOVED = (
    'GlobalRotScaleTrans',
    *['RandomAxisRotation'] * 3,
    'RandomFlip3D',
    'RandomJitterPoints',
    'ElasticDistortion',
)


def crops(ahead=(), behind=()):
    """The steps of a sample: colours of the large crops, both kinds of crops."""
    large, small = (*MOVED, 'GridSample', *behind), (*MOVED, *COLOURS, 'GridSample', *behind)
    return (*ahead, 'MultiCrop', *COLOURS, *large, *small)


MODEL = [
    taken(
        RELEASED,
        head=dict(num_prototypes=4096, hidden_channels=4096, embed_channels=256, standardize=False),
        matcher=dict(radius=0.32),
        criterion=dict(student_temperature=0.1, teacher_temperature=0.07, iterations=3),
        masker=dict(cell_size=0.4, ratio=0.7),
        model=dict(momentum=0.994, num_global=2),
        weights=dict(masked=2 / 8, rolled=2 / 8, local=4 / 8),
        schedule={
            'masker.cell_size': (0.1, 0.4, None, 3000, 60000),
            'masker.ratio': (0.3, 0.7, None, 3000, 60000),
            'criterion.teacher_temperature': (0.04, 0.07, None, 3000, 60000),
            'teacher.momentum': (None, 0.994, 1.0, None, 60000),
        },
    ),
    taken('the same, up_cast_level: two up from the coarsest of five', levels=dict(levels=(2, 3, 4))),
    ours('all pairs', matcher=dict(max_pairs=1000000)),
]
VIEWS = [
    taken(
        RELEASED,
        training=dict(
            turn=twice((0.0, 0.0)),
            scale=twice((0.9, 1.1)),
            turn_z=twice(((-pi, pi), 0.8)),
            turn_x=twice(((-pi / 64, pi / 64), 0.8)),
            turn_y=twice(((-pi / 64, pi / 64), 0.8)),
            flip=twice((0.5, 0.5)),
            jitter=twice((0.005,) * 3),
            jitter_clip=twice((-0.02, 0.02)),
            colours=twice((0.4, 0.4, 0.2, 0.02, 0.8)),
            colour_shift=twice((0.95, 0.05)),
        ),
    ),
    ours('an epoch has no meaning to an endless sampler', data=dict(repeats=1)),
]
LARGE = [
    *MODEL,
    *VIEWS,
    taken(
        RELEASED,
        data=dict(batch=96),
        training=dict(
            crops=(2, (0.4, 1.0), 65536), local_crops=(4, (0.1, 0.4)), order=crops(('GridSample',))
        ),
        optimiser=dict(
            type='AdamW',
            lr=0.0004,
            betas=(0.95, 0.999),
            weight_decay=0.04,
            max_norm=3.0,
        ),
    ),
    ours(
        '60,000 iterations as other trainings here, the rate of blocks as in all recipes of Swin3D',
        optimiser=dict(
            rate_of_blocks=0.1,
            length=(60000, 'iterations'),
            schedule=(
                ('CosineLR', 0, 3000, 'iterations', 0.004),
                ('CosineLR', 3000, 60000, 'iterations', 4e-7),
                ('CosineMomentum', 0, 3000, 'iterations', 0.85),
                ('CosineMomentum', 3000, 60000, 'iterations', 0.95),
                ('CosineParamScheduler', 0, 60000, 'iterations', ('weight_decay', 0.2)),
            ),
            seed=0,
        ),
    ),
]
SCANNET = [
    *LARGE,
    taken(
        RELEASED,
        data=dict(trained_on=tuple(f'scannet_infos_{split}.pkl' for split in ('train', 'val', 'test'))),
        training=dict(voxel=(0.02,) * 3),
        data_preprocessor=dict(voxel_size=0.02),
    ),
    ours('12 scans on each of 8 GPUs', data=dict(devices=8)),
]
S3DIS = [
    *LARGE,
    ours('as its recipes of segmentation', data_preprocessor=dict(voxel_size=0.04)),
    ours('area 5 is held out', data=dict(trained_on=AREAS)),
    ours('12 rooms on each of 8 GPUs', data=dict(devices=8), training=dict(voxel=(0.04,) * 3)),
]
SWIN3D_SMALL = [*SMALL_ENCODER, ours('its three coarsest levels', head=dict(in_channels=192 + 384 + 384))]
SPARSE_UNET = [
    ours(
        'the network that configs/transfer fine-tunes, which reads no signal',
        backbone=dict(in_channels=3, decode=False, out_indices=(0, 1, 2, 3, 4)),
        data_preprocessor=dict(features=('rgb',), signals=('xyz', 'rgb')),
        head=dict(in_channels=64 + 128 + 256),
    )
]
IMAGE = [
    taken(
        CONCERTO,
        weights=dict(masked=1 / 8, rolled=1 / 8, local=2 / 8),
        image={
            'loss_weight': 10 * 4 / 8,
            'teacher.type': 'FrozenImageTeacher',
            'levels.type': 'LevelConcat',
            'head.type': 'ProjectionHead',
        },
    )
]
CONCERTO_SCANNET = [
    *SCANNET,
    *IMAGE,
    taken(
        CONCERTO,
        training=dict(colour_drop=twice(0.2)),
        image={
            'levels.levels': (1, 2, 3, 4),
            'teacher.backbone.type': 'TransformersViT',
            'teacher.backbone.folder': 'checkpoints/dinov2-with-registers-giant',
            'head.out_channels': 1536,
        },
    ),
    ours(
        'four frames of whole patches; scans with frames',
        image={'head.in_channels': 96 + 192 + 384 + 384},
        data=dict(devices=16, trained_on=SCANNET_SPLIT['data.trained_on'][0]),
        training=dict(
            frames=(4, 10.0),
            tolerance=0.05,
            frame_size=((644, 476), None),
            order=crops(
                ('LoadRGBDFrames', 'MatchVisiblePixels', 'ResizeFrames', 'GridSample'), ('RandomDropColor',)
            ),
        ),
    ),
]
ROOMS = [
    encoder_alone(TINY),
    *VIEWS,
    by_iterations(0.0005, 50, 600, 1e-3, 0.05, rate_of_blocks=0.25, seed=0, max_norm=3.0),
    ours('area 5 is held out', data=dict(trained_on=AREAS)),
    taken(
        RELEASED,
        criterion=dict(student_temperature=0.1, iterations=3),
        masker=dict(cell_size=0.4),
        model=dict(num_global=2),
        matcher=dict(radius=0.32),
        weights=dict(masked=2 / 8, rolled=2 / 8, local=4 / 8),
    ),
    ours(
        CHOSEN,
        backbone=dict(drop_path_rate=0.0),
        levels=dict(levels=(1, 2, 3, 4)),
        head=dict(
            in_channels=64 + 128 + 192 + 256,
            num_prototypes=32,
            hidden_channels=256,
            embed_channels=64,
            standardize=True,
        ),
        masker=dict(ratio=0.6),
        matcher=dict(max_pairs=65536),
        criterion=dict(teacher_temperature=0.02),
        model=dict(momentum=0.99),
        schedule={
            'masker.cell_size': (0.1, 0.4, None, 300, 600),
            'masker.ratio': (0.1, 0.6, None, 300, 600),
            'teacher.momentum': (None, 0.99, 1.0, None, 600),
        },
        training=dict(
            voxel=twice(0.1), crops=(2, (0.4, 1.0), 4000), local_crops=(2, (0.1, 0.4)), order=crops()
        ),
    ),
]
CONCERTO_ROOMS = [
    *ROOMS,
    *IMAGE,
    ours(
        'a teacher with weights in a Python package, whose patches are small enough for a crop to fill some',
        image={
            'teacher.backbone.type': 'EfficientNetLite0',
            'teacher.out_indices': (2,),
            'teacher.mean': (127.0,) * 3,
            'teacher.std': (128.0,) * 3,
            'levels.levels': (0, 1, 2, 3, 4),
            'head.in_channels': 32 + 64 + 128 + 192 + 256,
            'head.out_channels': 112,
        },
        training=dict(
            frames=(3, None),
            tolerance=0.05,
            frame_crop=((320, 240), 0.0),
            order=crops(('LoadRGBDFrames', 'MatchVisiblePixels', 'CropFrames')),
        ),
    ),
]
SHUFFLED = ours('the control', matcher=dict(shuffle=True))

RECIPES = {
    'sonata_sparse-unet34_scannet': [*SCANNET, *SPARSE_UNET],
    'sonata_swin3d-small_scannet': [*SCANNET, *SWIN3D_SMALL],
    'sonata_swin3d-small_s3dis': [*S3DIS, *SWIN3D_SMALL],
    'sonata_swin3d-tiny_rooms': ROOMS,
    'sonata_swin3d-tiny_rooms_plain-head': [
        *ROOMS,
        ours('the head of the release', head=dict(standardize=False)),
    ],
    'sonata_swin3d-tiny_rooms_shuffled': [*ROOMS, SHUFFLED],
    'concerto_swin3d-small_scannet': [*CONCERTO_SCANNET, *SWIN3D_SMALL],
    'concerto_swin3d-tiny_rooms': CONCERTO_ROOMS,
    'concerto_swin3d-tiny_rooms_shuffled': [
        *CONCERTO_ROOMS,
        SHUFFLED,
        ours('the control', image=dict(shuffle=True)),
    ],
}
