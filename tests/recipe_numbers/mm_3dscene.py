"""Recipes of MM-3DScene (arXiv 2212.09948).

Source: segmentation/ of github.com/MingyeXu/mm-3dscene (0879dd5), whose files stand here as mm-3dscene.
"""

from math import pi

from .pretraining import SMALL_STUDENT
from .rooms import AREAS, CHOSEN, ROOM_CROPS, TINY, by_iterations
from .sources import CHROMATIC, SCANNET_SPLIT, ours, taken

MODEL_FILE = 'mm-3dscene, model/pointtransformer/pointtransformer_pretrain.py'
TOOL = 'mm-3dscene, tool/pretrain.py'
DATA_FILE = 'mm-3dscene, util/dataset_pretrain.py, util/data_util.py'
MODEL = [
    taken(
        MODEL_FILE,
        masker=dict(num_neighbors=30, visible=(0.2, 0.9), gap=0.1),
        folding=dict(hidden_channels=256, num_points=4),
        model=dict(momentum=0.99),
    ),
    taken(TOOL, criterion=dict(temperature=0.07), model=dict(max_pairs=4096)),
]
COLORS = taken(
    'mm-3dscene, util/transform.py',
    training=dict(contrast=0.2, colour_shift=(0.95, 0.05), colour_jitter=(0.95, 0.005)),
)
ERASED = taken(DATA_FILE, training=dict(erased=((1 / 3, 1.0), 1024)))
ENDLESS = ours('an epoch has no meaning to an endless sampler', data=dict(repeats=1))
CLOUDS = [
    *MODEL,
    COLORS,
    ERASED,
    ENDLESS,
    taken(TOOL, training=dict(turn=(0.0, 0.0), scale=(0.9, 1.1))),
    taken(
        'mm-3dscene, util/transform.py, HueSaturationTranslation',
        training=dict(colours=(0, 0, 0.2, 0.5, 1.0)),
    ),
    taken(
        DATA_FILE,
        training=dict(
            order=(
                'GlobalRotScaleTrans',
                *CHROMATIC,
                'ColorJitter',
                'GridSample',
                'SphereCrop',
                'RandomBoxErasing',
            )
        ),
    ),
    taken(TOOL, optimiser=dict(type='AdamW', lr=0.001, weight_decay=0.0005)),
    ours('that of all pretraining here', optimiser=dict(seed=0)),
]


def steps(length):
    """A tenth of the rate after 60 and 80 % of the training."""
    milestones = (length * 6 // 10, length * 8 // 10)
    return dict(
        length=(length, 'iterations'), schedule=(('MultiStepLR', 0, None, 'iterations', (milestones, 0.1)),)
    )


S3DIS = [
    *CLOUDS,
    taken(
        'mm-3dscene, config/s3dis/s3dis_pretrain.yaml: 50 epochs, loop 15',
        data=dict(batch=16, devices=4, trained_on=AREAS),
        data_preprocessor=dict(voxel_size=0.04),
        training=dict(voxel=0.04, crop=80000),
        optimiser=steps(50 * (15 * 204 // 16)),
    ),
]
SCANNET = [
    *CLOUDS,
    taken(
        'mm-3dscene, config/scannet/scannet_pretrain.yaml: 50 epochs, loop 6',
        data=dict(batch=8, devices=4, trained_on=SCANNET_SPLIT['data.trained_on'][0]),
        data_preprocessor=dict(voxel_size=0.02),
        training=dict(voxel=0.02, crop=120000),
        optimiser=steps(50 * (6 * 1201 // 8)),
    ),
]
SWIN3D_SMALL = [
    *SMALL_STUDENT,
    ours('the widths of its levels', model=dict(channels=(48, 96, 192, 384, 384))),
    ours('as in its other recipes', optimiser=dict(rate_of_blocks=0.1)),
]
SPARSE_UNET = [
    ours('colours; the network reads no signal, the masker does', data_preprocessor=dict(features=('rgb',))),
    ours('as the masker reads', data_preprocessor=dict(signals=('xyz', 'rgb'))),
    ours(
        'all levels of its decoder',
        backbone=dict(in_channels=3, out_indices=(0, 1, 2, 3, 4)),
        model=dict(channels=(96, 96, 128, 256, 256)),
    ),
]
ROOMS = [
    TINY,
    *MODEL,
    COLORS,
    ERASED,
    ENDLESS,
    by_iterations(0.003, 50, 600, 1e-3, 0.05, rate_of_blocks=0.25, seed=0),
    ours('area 5 is held out', data=dict(trained_on=AREAS)),
    ours(
        CHOSEN,
        model=dict(channels=(32, 64, 128, 192, 256)),
        training=dict(
            turn=(-pi, pi),
            scale=(0.8, 1.2),
            **ROOM_CROPS,
            order=(
                'GlobalRotScaleTrans',
                'RandomJitterPoints',
                *CHROMATIC,
                'GridSample',
                'SphereCrop',
                'RandomBoxErasing',
            ),
        ),
    ),
]
RANDOM_MASK = [
    {key: number for key, number in group.items() if key != 'masker.num_neighbors'} for group in ROOMS
]

RECIPES = {
    'mm_3dscene_swin3d-tiny_rooms': ROOMS,
    'mm_3dscene_swin3d-tiny_rooms_random-mask': RANDOM_MASK,
    'mm_3dscene_swin3d-small_s3dis': [
        *S3DIS,
        *SWIN3D_SMALL,
        ours('4 cm, as its recipe of segmentation', backbone=dict(down_stride=2)),
    ],
    'mm_3dscene_swin3d-small_scannet': [
        *SCANNET,
        *SWIN3D_SMALL,
        ours('2 cm, as its recipe of segmentation', backbone=dict(down_stride=3)),
    ],
    'mm_3dscene_sparse-unet34_s3dis': [*S3DIS, *SPARSE_UNET],
    'mm_3dscene_sparse-unet34_scannet': [*SCANNET, *SPARSE_UNET],
}
