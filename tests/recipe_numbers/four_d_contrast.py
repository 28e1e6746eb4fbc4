"""Recipes of 4DContrast (arXiv 2112.02990). Its code is not public: nearly all numbers are ours."""

from .point_contrast import COLORS, MOVES, PAPER, SGD_60K, VIEW_ORDER
from .pretraining import SMALL_STUDENT, SWIN3D_60K
from .rooms import AREAS, CHOSEN, TINY, by_iterations
from .sources import S3DIS_SPLIT, SCANNET_SPLIT, ours, taken, trained_on

FRAME_ORDER = VIEW_ORDER[:-2]
ORDER = ('InsertMovingObject', *VIEW_ORDER, *FRAME_ORDER, 'GridSample')
HEAD = dict(out_channels=96, hidden_channels=96, num_layers=2)
BOTTLENECK = 'a bottleneck of a quarter, as in arXiv 2011.10566, section 3; widths as small as tasks are'
TWICE = ours(
    'crops of PointContrast, for two frames by themselves and then for all together',
    training=dict(
        turn=(MOVES['training.turn'][0],) * 2,
        scale=((0.9, 1.1),) * 2,
        jitter=((0.005,) * 3,) * 2,
        jitter_clip=((-0.02, 0.02),) * 2,
        contrast=(0.2, 0.2),
        colour_shift=((0.95, 0.1),) * 2,
        colour_jitter=((0.95, 0.05),) * 2,
        colour_drop=COLORS['training.colour_drop'][0],
        order=ORDER,
    ),
)
MODEL = [
    ours(
        BOTTLENECK,
        head=HEAD,
        sequence_head=HEAD,
        predictor=dict(HEAD, in_channels=96, hidden_channels=24),
    ),
    taken(PAPER, matcher=dict(max_pairs=4096)),
    ours('cloud by cloud', data=dict(repeats=1)),
]


def moving(up):
    return ours(
        'half a metre to a person high, a walk, and as clear of furniture as a voxel',
        training=dict(moving_object=(3, (0.4, 1.2), (0.2, 0.4), 0.35, 0.1, up)),
    )


ROOMS = [
    TINY,
    *MODEL,
    TWICE,
    moving(None),
    by_iterations(0.003, 50, 550, 1e-3, 0.05, rate_of_blocks=0.25, seed=0),
    {f'sequence.{key}': number for key, number in TINY.items() if key.startswith(('backbone', 'neck'))},
    ours('the width of the decoder', head=dict(in_channels=32), sequence_head=dict(in_channels=32)),
    ours(
        'one block a level',
        sequence={
            'backbone.type': 'Swin3D',
            'backbone.depths': (1, 1, 1, 1, 1),
            'neck.type': 'Swin3DDecoder',
            'channels': 32,
        },
    ),
    ours(
        'kinds of furniture in turn, of sizes that the rooms do not have',
        training=dict(
            objects=dict(type='GeneratedObjectDataset', num_objects=410, num_points=1024, family='cad')
        ),
    ),
    ours('1.5 voxels', matcher=dict(radius=0.15)),
    ours(
        CHOSEN,
        data=dict(trained_on=AREAS),
        matcher=dict(max_pairs=2048),
        training=dict(voxel=(0.1, 0.1), moving_crop=2500),
    ),
]
REAL = [
    *MODEL,
    TWICE,
    moving('y'),
    taken(
        'arXiv 2112.02990: shapes of ShapeNet',
        training=dict(
            objects=dict(
                type='ObjectCloudDataset', data_root='data/ShapeNet55-34/', layout='shapenet55', split='train'
            )
        ),
    ),
    ours('bounded memory', training=dict(moving_crop=60000)),
    ours('as many as hold five views of each', data=dict(batch=16)),
    ours(
        'its own width',
        sequence={'backbone.type': 'SparseUNet34', 'channels': 96},
        sequence_head=dict(in_channels=96),
    ),
]
SWIN3D_SMALL = [
    *SMALL_STUDENT,
    SWIN3D_60K,
    ours('a sparse convolutional network as the paper has', sequence={'backbone.in_channels': 6}),
    ours('the width of the decoder', head=dict(in_channels=48), backbone=dict(down_stride=3)),
]
SCANNET = [
    trained_on(SCANNET_SPLIT),
    ours(
        '2 cm, and pairs of 1.5 of them',
        data=dict(devices=8),
        data_preprocessor=dict(voxel_size=0.02),
        matcher=dict(radius=0.03),
        training=dict(voxel=(0.02, 0.02)),
    ),
]

RECIPES = {
    'four_d_contrast_swin3d-tiny_rooms': ROOMS,
    'four_d_contrast_swin3d-tiny_rooms_shuffled': [*ROOMS, ours('the control', matcher=dict(shuffle=True))],
    'four_d_contrast_swin3d-small_scannet': [*REAL, *SWIN3D_SMALL, *SCANNET],
    'four_d_contrast_swin3d-small_s3dis': [
        *REAL,
        *SWIN3D_SMALL,
        trained_on(S3DIS_SPLIT),
        ours(
            '4 cm, and pairs of 1.5 of them; dense rooms are thinned out before an object moves in them',
            data=dict(devices=4),
            data_preprocessor=dict(voxel_size=0.04),
            matcher=dict(radius=0.06),
            training=dict(voxel=(0.02, 0.04, 0.04), order=('GridSample', *ORDER)),
        ),
    ],
    'four_d_contrast_sparse-unet34_scannet': [
        *REAL,
        *SCANNET,
        ours(
            "the optimiser of PointContrast, as the paper's is not known",
            optimiser=dict(SGD_60K, seed=0),
        ),
        ours(
            'colours; the network reads no signal',
            data_preprocessor=dict(features=('rgb',), signals=('xyz', 'rgb')),
            backbone=dict(in_channels=3),
            sequence={'backbone.in_channels': 3},
            head=dict(in_channels=96),
        ),
    ],
}
