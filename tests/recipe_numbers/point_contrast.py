"""Recipes of PointContrast (arXiv 2007.10985), and what the recipes on crops of clouds share."""

from math import pi

from .pretraining import SMALL_STUDENT, SWIN3D_60K
from .rooms import AREAS, CHOSEN, TINY, by_iterations
from .sources import CHROMATIC, S3DIS_SPLIT, SCANNET_SPLIT, ours, taken, trained_on

PAPER = 'arXiv 2007.10985, sections 3.2 to 3.4'
SCRIPT = 'facebookresearch/PointContrast, its training script'
MODEL = [
    taken(PAPER, head=dict(out_channels=32), matcher=dict(max_pairs=4096)),
    taken(SCRIPT, criterion=dict(temperature=0.4)),
]
COLORS = ours(
    'colours alone shall not tell the pairs',
    training=dict(contrast=0.2, colour_shift=(0.95, 0.1), colour_jitter=(0.95, 0.05), colour_drop=0.2),
)
MOVES = ours(
    'turns of all recipes; scale and jitter as small as shapes allow',
    training=dict(turn=(-pi, pi), scale=(0.9, 1.1), jitter=(0.005,) * 3, jitter_clip=(-0.02, 0.02)),
)
VIEW_ORDER = (
    'GlobalRotScaleTrans',
    'RandomJitterPoints',
    *CHROMATIC,
    'GridSample',
    'RandomDropColor',
)
CROPS = [COLORS, MOVES, ours('cloud by cloud', data=dict(repeats=1))]
ROOMS_CROPS = [
    *CROPS,
    ours(
        CHOSEN,
        data=dict(trained_on=AREAS),
        training=dict(voxel=0.1, crops=(2, (0.6, 1.0), 8000), order=('MultiCrop', *VIEW_ORDER)),
    ),
]
SCANNET_CROPS = [
    *CROPS,
    trained_on(SCANNET_SPLIT),
    taken(
        'arXiv 2303.14191, its released config',
        data_preprocessor=dict(voxel_size=0.02),
        training=dict(voxel=0.02, crops=(2, (0.6, 0.6), 200000), order=('MultiCrop', *VIEW_ORDER)),
    ),
]
S3DIS_CROPS = [
    *CROPS,
    trained_on(S3DIS_SPLIT),
    ours(
        'voxels of segmentation; dense rooms are thinned out before they are cropped',
        data_preprocessor=dict(voxel_size=0.04),
        training=dict(
            voxel=(0.02, 0.04), crops=(2, (0.6, 0.6), 200000), order=('GridSample', 'MultiCrop', *VIEW_ORDER)
        ),
    ),
]
TINY_CONTRAST = [
    TINY,
    *MODEL,
    by_iterations(0.003, 50, 850, 1e-3, 0.05, rate_of_blocks=0.25, seed=0),
    ours('1.5 voxels', matcher=dict(radius=0.15)),
    ours(CHOSEN, matcher=dict(max_pairs=2048), head=dict(in_channels=32)),
]
SWIN3D_CONTRAST = [
    *SMALL_STUDENT,
    *MODEL,
    SWIN3D_60K,
    ours('the width of the decoder', head=dict(in_channels=48), backbone=dict(down_stride=3)),
]
FRAME_PAIRS = ours(
    'two frames, each thinned out before its normals are estimated',
    data=dict(batch=4, devices=1, repeats=1),
    training=dict(
        frames=(2, None),
        frame_views=2,
        depth=6.0,
        voxel=(0.05, 0.1),
        order=(
            'LoadRGBDFrames',
            'FrameViews',
            'BackProjectFrames',
            'GridSample',
            'EstimateNormals',
            *VIEW_ORDER,
        ),
    ),
)
# of its segmentation
SGD_15K = dict(
    type='SGD',
    lr=0.1,
    momentum=0.9,
    dampening=0.1,
    weight_decay=0.0001,
    schedule=(('PolyLR', 0, 15000, 'iterations', (0.9, 0)),),
    length=(15000, 'iterations'),
)
SGD_60K = dict(
    type='SGD',
    lr=0.1,
    momentum=0.8,
    weight_decay=0.0001,
    schedule=(('StepLR', 0, 60000, 'iterations', (250, 0.99)),),
    length=(60000, 'iterations'),
)
PAPER_FRAMES = [
    *MODEL,
    trained_on(SCANNET_SPLIT),
    taken(
        SCRIPT,
        data=dict(batch=32, devices=8, repeats=1),
        training=dict(frames=(2, 10.0), frame_views=2, depth=10.0, voxel=0.025, black=1.0),
        data_preprocessor=dict(voxel_size=0.025, features=('rgb',)),
        matcher=dict(radius=0.0375),
        optimiser=SGD_60K,
        backbone=dict(in_channels=3),
        head=dict(in_channels=96),
    ),
    ours(
        'three axes one after the other instead of a random one',
        training=dict(
            turn_x=((-pi, pi), None),
            turn_y=((-pi, pi), None),
            turn_z=((-pi, pi), None),
            order=(
                'LoadRGBDFrames',
                'FrameViews',
                'BackProjectFrames',
                *['RandomAxisRotation'] * 3,
                'GridSample',
                'RandomDropPointsColor',
            ),
        ),
    ),
    ours('the network reads no signal', data_preprocessor=dict(signals=('xyz', 'rgb'))),
    ours('that of all recipes', optimiser=dict(seed=0)),
]

RECIPES = {
    'point_contrast_swin3d-tiny_rooms': [*TINY_CONTRAST, *ROOMS_CROPS],
    'point_contrast_swin3d-tiny_rooms_hardest': [
        *TINY_CONTRAST,
        *ROOMS_CROPS,
        {'criterion.temperature': (None, 'another loss')},
        taken(
            SCRIPT,
            criterion=dict(positive_margin=0.1, negative_margin=1.4, max_positives=2048, num_candidates=512),
        ),
        ours('all pairs within 1.5 voxels', matcher=dict(num_neighbors=12, max_pairs=100000)),
    ],
    'point_contrast_swin3d-tiny_rooms_shuffled': [
        *TINY_CONTRAST,
        *ROOMS_CROPS,
        ours('the control', matcher=dict(shuffle=True)),
    ],
    'point_contrast_swin3d-tiny_frames': [
        *TINY_CONTRAST,
        COLORS,
        MOVES,
        by_iterations(0.003, 50, 600, 1e-3, 0.05, rate_of_blocks=0.25, seed=0),
        FRAME_PAIRS,
    ],
    'point_contrast_sparse-unet34_scannet-frames': PAPER_FRAMES,
    'point_contrast_swin3d-small_scannet': [
        *SWIN3D_CONTRAST,
        *SCANNET_CROPS,
        ours('two views of two scans on a device', data=dict(batch=16, devices=8)),
        ours('1.5 voxels', matcher=dict(radius=0.03)),
    ],
    'point_contrast_swin3d-small_s3dis': [
        *SWIN3D_CONTRAST,
        *S3DIS_CROPS,
        ours('two views of four rooms on a device', data=dict(batch=16, devices=4)),
        ours('1.5 voxels', matcher=dict(radius=0.06)),
    ],
}
