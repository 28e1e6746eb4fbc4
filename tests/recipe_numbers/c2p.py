"""Recipes of C2P (arXiv 2212.05330)."""

from .point_contrast import COLORS, MOVES, PAPER_FRAMES, VIEW_ORDER
from .pretraining import SMALL_STUDENT, SWIN3D_60K
from .rooms import AREAS, CHOSEN, TINY, by_iterations
from .sources import S3DIS_SPLIT, SCANNET_SPLIT, ours, taken, trained_on

RELEASED = 'github.com/dongyh20/C2P (7c9b7e2)'
MODEL = [
    taken(RELEASED, criterion=dict(temperature=0.07), model=dict(frame_weight=1.0)),
    ours('as other pairs and teachers here', matcher=dict(max_pairs=4096), model=dict(momentum=0.99)),
    COLORS,
    MOVES,
    ours('cloud by cloud', data=dict(repeats=1)),
]
ORDER = ('PartialFrames', 'GridSample', *VIEW_ORDER)


def predictors(width):
    """Both predictors for a student of so many channels, four times as wide inside, with batch norm."""
    numbers = dict(in_channels=width, hidden_channels=4 * width, num_layers=2)
    return taken(f'{RELEASED}: 1024, 4096, 1024', predictor=numbers)


ROOMS = [
    TINY,
    *MODEL,
    predictors(32),
    by_iterations(0.001, 50, 600, 1e-3, 0.05, rate_of_blocks=0.25, seed=0),
    ours('1.5 voxels', matcher=dict(radius=0.15)),
    ours('area 5 is held out', data=dict(trained_on=AREAS)),
    ours(
        CHOSEN,
        matcher=dict(max_pairs=1024),
        training=dict(
            voxel=(0.05, 0.1, 0.1),
            walk=(4, None, None, None),
            walk_spacing=0.1,
            walk_crop=(8000, None),
            order=('GridSample', *ORDER),
        ),
    ),
]
SCANNET = [
    *MODEL,
    trained_on(SCANNET_SPLIT),
    taken(RELEASED, training=dict(walk=(10, None, None, None))),
    ours('two scans of ten frames on a device', data=dict(batch=16, devices=8)),
    ours('1.5 voxels', matcher=dict(radius=0.03)),
    ours(
        'voxels of segmentation; vertices of the meshes lie up to 5 cm apart',
        data_preprocessor=dict(voxel_size=0.02),
        training=dict(voxel=(0.02, 0.02), walk_spacing=0.05, walk_crop=(120000, None), order=ORDER),
    ),
]
S3DIS = [
    *MODEL,
    trained_on(S3DIS_SPLIT),
    taken(RELEASED, training=dict(walk=(10, None, None, None))),
    ours('four rooms of ten frames on a device', data=dict(batch=16, devices=4)),
    ours('1.5 voxels', matcher=dict(radius=0.06)),
    ours(
        'voxels of segmentation; dense rooms are thinned out before they are walked through',
        data_preprocessor=dict(voxel_size=0.04),
        training=dict(
            voxel=(0.02, 0.04, 0.04),
            walk_spacing=0.04,
            walk_crop=(120000, None),
            order=('GridSample', *ORDER),
        ),
    ),
]
SWIN3D_STUDENT = [
    *SMALL_STUDENT,
    SWIN3D_60K,
    predictors(48),
    ours('as its recipes', backbone=dict(down_stride=3)),
]
OF_UNET = ('optimiser.', 'backbone.', 'data_preprocessor.features', 'data_preprocessor.signals')
UNET_STUDENT = [
    {key: number for group in PAPER_FRAMES for key, number in group.items() if key.startswith(OF_UNET)},
    predictors(96),
]

RECIPES = {
    'c2p_swin3d-tiny_rooms': ROOMS,
    'c2p_swin3d-tiny_rooms_points-alone': [*ROOMS, ours('the arm', model=dict(frame_weight=0.0))],
    'c2p_swin3d-tiny_rooms_shuffled': [*ROOMS, ours('the control', training=dict(walk_shuffled=True))],
    'c2p_swin3d-small_scannet': [*SWIN3D_STUDENT, *SCANNET],
    'c2p_swin3d-small_s3dis': [*SWIN3D_STUDENT, *S3DIS],
    'c2p_sparse-unet34_scannet': [*UNET_STUDENT, *SCANNET],
    'c2p_sparse-unet34_s3dis': [*UNET_STUDENT, *S3DIS],
}
