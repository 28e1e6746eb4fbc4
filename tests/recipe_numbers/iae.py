"""Recipes of IAE (arXiv 2201.00785).

Source: github.com/SimingYan/IAE (d46ae61), whose files stand here as IAE.
"""

from math import pi

from .pretraining import SMALL_STUDENT
from .rooms import AREAS, CHOSEN, ROOM_CROPS, TINY, by_iterations
from .sources import CHROMATIC, SCANNET_SPLIT, ours, taken, trained_on

YAML = 'IAE, configs/scannet/dgcnn_semseg.yaml'
MODEL = [
    taken(YAML, volume=dict(out_channels=256, channels=32, num_levels=4), field=dict(hidden_channels=32)),
    taken('IAE, src/dfnet/models/decoder.py', field=dict(in_channels=256, num_blocks=5)),
    ours(
        'half of the voxels, as its 4,096 points are few of a piece', masker=dict(visible=(0.5, 0.5), gap=0.0)
    ),
]
SURFACES = [
    *MODEL,
    taken(YAML, training=dict(hole=0.5)),
    ours(
        'nine in ten queries in a box lie in empty air; as many as its 2,048',
        training=dict(queries=(2048, 0.5, 0.08, 0.5)),
    ),
    ours(
        'colours as those of other recipes on clouds',
        training=dict(contrast=0.2, colour_shift=(0.95, 0.05), colour_jitter=(0.95, 0.005)),
    ),
    ours('an epoch has no meaning to an endless sampler', data=dict(repeats=1)),
    ours(
        'distances are to the surface ahead of jitter, holes come behind the box of the queries',
        training=dict(
            order=(
                'GlobalRotScaleTrans',
                *CHROMATIC,
                'GridSample',
                'SphereCrop',
                'SurfaceQueries',
                'CentralBoxErasing',
                'RandomJitterPoints',
            )
        ),
    ),
]
REAL = [
    *SURFACES,
    *SMALL_STUDENT,
    taken(YAML, data=dict(batch=16)),
    taken('IAE, train.py', optimiser=dict(type='Adam', lr=0.0001, schedule=())),
    ours('it trains until it is stopped', optimiser=dict(length=(60000, 'iterations'))),
    ours('as in all recipes of Swin3D', optimiser=dict(rate_of_blocks=0.1)),
    ours('that of all pretraining here', optimiser=dict(seed=0)),
    ours('as many as hold the batch', data=dict(devices=4)),
    taken(f'{YAML}: 0.005 of the edge of a piece, 3 m', training=dict(jitter=(0.015,) * 3)),
    ours('twice that', training=dict(jitter_clip=(-0.03, 0.03))),
    ours(
        'turns of all recipes; scale as small as shapes allow',
        training=dict(turn=(-pi, pi), scale=(0.9, 1.1)),
    ),
    ours('about as large as its pieces of 3 x 3 m', training=dict(crop=60000)),
    ours('the width of its decoder', volume=dict(in_channels=48)),
]
ROOMS = [
    TINY,
    *SURFACES,
    by_iterations(0.003, 50, 600, 1e-3, 0.05, rate_of_blocks=0.25, seed=0),
    ours('area 5 is held out', data=dict(trained_on=AREAS)),
    ours(
        CHOSEN,
        volume=dict(in_channels=32, out_channels=32, channels=16, num_levels=3, cell=2, shape=(40, 40, 20)),
        field=dict(in_channels=32),
        training=dict(
            turn=(-pi, pi),
            scale=(0.8, 1.2),
            **ROOM_CROPS,
        ),
    ),
]

RECIPES = {
    'iae_swin3d-tiny_rooms': ROOMS,
    'iae_swin3d-tiny_rooms_shuffled': [*ROOMS, ours('the control', training=dict(queries_shuffled=True))],
    'iae_swin3d-small_scannet': [
        *REAL,
        trained_on(SCANNET_SPLIT),
        ours(
            '2 cm, as its recipe of segmentation',
            data_preprocessor=dict(voxel_size=0.02),
            training=dict(voxel=0.02),
            backbone=dict(down_stride=3),
        ),
        ours('cells of 10 cm as the 9.4 of its 32 over 3 m', volume=dict(cell=5, shape=(64, 64, 32))),
    ],
    'iae_swin3d-small_s3dis': [
        *REAL,
        ours(
            '4 cm, as its recipe of segmentation',
            data_preprocessor=dict(voxel_size=0.04),
            training=dict(voxel=0.04),
            backbone=dict(down_stride=2),
            data=dict(trained_on=AREAS),
        ),
        ours('whole rooms in cells of 12 cm', volume=dict(cell=3, shape=(96, 96, 32))),
    ],
}
