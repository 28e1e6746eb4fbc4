"""Recipes of SL3D (arXiv 2210.16810)."""

from .c2p import OF_UNET
from .point_contrast import COLORS, MOVES, PAPER_FRAMES, VIEW_ORDER
from .pretraining import SMALL_STUDENT, SWIN3D_60K
from .rooms import AREAS, CHOSEN, TINY, by_iterations
from .sources import S3DIS_SPLIT, SCANNET_SPLIT, ours, taken, trained_on

RELEASED = 'github.com/fcendra/sl3d (a46523d), its script for ScanNet'
ORDER = (*VIEW_ORDER[:-1], 'SphereCrop', VIEW_ORDER[-1])
STORED = taken(RELEASED, targets=dict(sharpness=25.0, tolerance=0.1))
MODEL = [
    ours('four voxels of 10 cm', model=dict(cell_size=0.4)),
    ours(
        'the temperature of the student in arXiv 2503.16429',
        model=dict(temperature=0.1),
        head=dict(standardize=True),
    ),
    COLORS,
    MOVES,
    ours('cloud by cloud', data=dict(repeats=1)),
]
FULL = [
    *MODEL,
    STORED,
    taken(RELEASED, head=dict(num_prototypes=800), SelfLabelHook=dict(power=2.0)),
    ours('width of prototypes in arXiv 2503.16429', head=dict(embed_channels=256)),
    ours('twice its width and less than 4096 for 48 or 96 channels', head=dict(hidden_channels=512)),
    ours('a pass over all scans costs; there 100', SelfLabelHook=dict(times=20)),
]
TINY_CLUSTERS = [
    TINY,
    *MODEL,
    by_iterations(0.003, 50, 600, 1e-3, 0.05, rate_of_blocks=0.25, seed=0),
    ours('area 5 is held out', data=dict(trained_on=AREAS)),
    ours(
        CHOSEN,
        head=dict(in_channels=32, num_prototypes=64, hidden_channels=128, embed_channels=64),
        training=dict(voxel=0.1),
    ),
]
ROOMS = [
    *TINY_CLUSTERS,
    STORED,
    ours(CHOSEN, SelfLabelHook=dict(times=8, power=2.0), training=dict(crop=4000, order=ORDER)),
]
ONLINE = [
    *TINY_CLUSTERS,
    taken('arXiv 2006.09882', targets=dict(temperature=0.05, iterations=3)),
    ours('as PointContrast', training=dict(crops=(2, (0.6, 1.0), 8000), order=('MultiCrop', *VIEW_ORDER))),
]
SCANNET = [
    *FULL,
    trained_on(SCANNET_SPLIT),
    ours('four scans on a device', data=dict(batch=32, devices=8)),
    ours('a scan whole', data_preprocessor=dict(voxel_size=0.02), training=dict(voxel=0.02, crop=80000)),
    ours('turned before it is cropped', training=dict(order=ORDER)),
]
S3DIS = [
    *FULL,
    trained_on(S3DIS_SPLIT),
    ours('four rooms on a device', data=dict(batch=16, devices=4)),
    ours('a room whole', data_preprocessor=dict(voxel_size=0.04), training=dict(voxel=0.04, crop=80000)),
    ours('turned before it is cropped', training=dict(order=ORDER)),
]
SWIN3D_STUDENT = [
    *SMALL_STUDENT,
    SWIN3D_60K,
    ours('the width of the decoder', head=dict(in_channels=48), backbone=dict(down_stride=3)),
]
UNET_STUDENT = [
    {key: number for group in PAPER_FRAMES for key, number in group.items() if key.startswith(OF_UNET)},
    ours('the width of the decoder', head=dict(in_channels=96)),
]

RECIPES = {
    'sl3d_swin3d-tiny_rooms': ROOMS,
    'sl3d_swin3d-tiny_rooms_shuffled': [*ROOMS, ours('the control', targets=dict(shuffle=True))],
    'sl3d_swin3d-tiny_rooms_online': ONLINE,
    'sl3d_swin3d-small_scannet': [*SWIN3D_STUDENT, *SCANNET],
    'sl3d_swin3d-small_s3dis': [*SWIN3D_STUDENT, *S3DIS],
    'sl3d_sparse-unet34_scannet': [*UNET_STUDENT, *SCANNET],
    'sl3d_sparse-unet34_s3dis': [*UNET_STUDENT, *S3DIS],
}
