"""Recipes of MD (arXiv 2109.00452), on the scans and crops of MM-3DScene."""

from .mm_3dscene import COLORS, ERASED
from .mm_3dscene import ROOMS as MM_ROOMS
from .mm_3dscene import S3DIS as MM_S3DIS
from .mm_3dscene import SCANNET as MM_SCANNET
from .point_contrast import SGD_60K
from .pretraining import SMALL_STUDENT, SWIN3D_60K
from .rooms import TINY, by_iterations
from .sources import ours, taken

DATA = ('data.', 'training.', 'data_preprocessor.')
MODEL = [
    taken('arXiv 2109.00452: three residual blocks', decoder=dict(num_blocks=3)),
    ours('as many points as its clouds have', mixer=dict(num_hints=1024)),
    ours('small beside the student', decoder=dict(channels=64)),
]


def scans(recipe):
    """The numbers of the scans, crops and augmentation of a recipe."""
    return [{key: number for key, number in group.items() if key.startswith(DATA)} for group in recipe]


def hint(columns):
    return ours("x, y, z and the student's input features", decoder=dict(hint_in_channels=columns))


ROOMS = [
    *scans(MM_ROOMS),
    COLORS,
    ERASED,
    TINY,
    *MODEL,
    by_iterations(0.001, 50, 950, 1e-3, 0.05, rate_of_blocks=0.25, seed=0),
    ours('small crops', mixer=dict(num_hints=512)),
    ours('the width of the decoder', decoder=dict(in_channels=32)),
    hint(12),
]
SWIN3D_SMALL = [
    *SMALL_STUDENT,
    *MODEL,
    SWIN3D_60K,
    ours('the width of the decoder', decoder=dict(in_channels=48)),
    hint(9),
]

RECIPES = {
    'md_swin3d-tiny_rooms': ROOMS,
    'md_swin3d-tiny_rooms_shuffled': [*ROOMS, ours('the control', mixer=dict(shuffle=True))],
    'md_swin3d-small_s3dis': [
        *scans(MM_S3DIS),
        *SWIN3D_SMALL,
        ours('4 cm, as its recipe of segmentation', backbone=dict(down_stride=2)),
    ],
    'md_swin3d-small_scannet': [
        *scans(MM_SCANNET),
        *SWIN3D_SMALL,
        ours('2 cm, as its recipe of segmentation', backbone=dict(down_stride=3)),
    ],
    'md_sparse-unet34_scannet': [
        *scans(MM_SCANNET),
        *MODEL,
        ours(
            'the optimiser of PointContrast, for the same student',
            optimiser=dict(SGD_60K, seed=0),
        ),
        ours(
            'colours; the network reads no signal',
            data_preprocessor=dict(features=('rgb',), signals=('xyz', 'rgb')),
            backbone=dict(in_channels=3),
            decoder=dict(in_channels=96),
        ),
        hint(6),
    ],
}
