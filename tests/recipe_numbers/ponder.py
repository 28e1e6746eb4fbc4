"""Recipes of Ponder (arXiv 2301.00157, 2310.08586).

Source: github.com/OpenGVLab/PonderV2 (aad65d6), configs/scannet/pretrain-ponder-spunet-v1m1-0-base.py, which
stands here as RELEASED.
"""

from math import pi

from .pretraining import SWIN3D_60K
from .rooms import AREAS, CHOSEN, TINY, by_iterations
from .segmentation import DECODER, RGB, RGB_DECODER, SMALL, SWIN3D
from .sources import SCANNET_SPLIT, ours, taken, trained_on

RELEASED = 'arXiv 2310.08586, its released config for ScanNet'
MODEL = [
    taken(
        RELEASED,
        renderer=dict(sharpness=0.3),
        model=dict(truncation=0.15, eikonal_share=0.1),
        loss_weights=dict(color=10.0, depth=1.0, surface=10.0, free_space=1.0, eikonal=0.01),
    ),
    ours(
        'a twentieth of a scene of 3 m; gradients cost most', model=dict(truncation=0.15, eikonal_share=0.1)
    ),
    ours('where the measured depth says, and a little behind it', renderer=dict(near_range=0.2, margin=0.3)),
    taken(RELEASED, training=dict(dropout=(0.8, 1.0))),
    ours('crops lie where frames look', training=dict(tolerance=0.05)),
    ours('an epoch has no meaning to an endless sampler', data=dict(repeats=1)),
]
SCANNET = [
    *MODEL,
    trained_on(SCANNET_SPLIT),
    taken(
        RELEASED,
        data=dict(batch=32, devices=4),
        data_preprocessor=dict(voxel_size=0.02),
        volume=dict(out_channels=128, channels=32, num_levels=4),
        renderer=dict(in_channels=128, hidden_channels=128, geometry_channels=64, num_samples=96 + 36),
        training=dict(
            turn_z=((-pi, pi), 0.5),
            turn_x=((-pi / 64, pi / 64), 0.5),
            turn_y=((-pi / 64, pi / 64), 0.5),
            turn=(0.0, 0.0),
            scale=(0.9, 1.1),
            flip=(0.5, 0.5),
            voxel=0.02,
            frames=(5, 10.0),
            rays=(256, 10.0),
            order=(
                'LoadRGBDFrames',
                'MatchVisiblePixels',
                *['RandomAxisRotation'] * 3,
                'GlobalRotScaleTrans',
                'RandomFlip3D',
                'CameraRays',
                'RandomPointDropout',
                'GridSample',
                'SphereCrop',
                'CropRays',
            ),
        ),
    ),
    ours('an upper bound of memory, which a fifth of a scan seldom meets', training=dict(crop=80000)),
    ours('cubes of 10 cm over the largest rooms', volume=dict(cell=5, shape=(96, 96, 32))),
]
ROOMS = [
    TINY,
    *MODEL,
    by_iterations(0.003, 50, 600, 1e-3, 0.05, rate_of_blocks=0.25, seed=0),
    ours('area 5 is held out', data=dict(trained_on=AREAS)),
    ours(
        CHOSEN,
        volume=dict(in_channels=32, out_channels=64, channels=16, num_levels=3, cell=2, shape=(40, 40, 20)),
        renderer=dict(in_channels=64, hidden_channels=64, geometry_channels=16, num_samples=48),
        training=dict(
            turn=(-pi, pi),
            scale=(0.9, 1.1),
            frames=(3, None),
            rays=(160, None),
            voxel=0.1,
            crop=4000,
            order=(
                'LoadRGBDFrames',
                'MatchVisiblePixels',
                'GlobalRotScaleTrans',
                'CameraRays',
                'RandomPointDropout',
                'GridSample',
                'SphereCrop',
                'CropRays',
            ),
        ),
    ),
]

RECIPES = {
    'ponder_swin3d-tiny_rooms': ROOMS,
    'ponder_swin3d-tiny_rooms_shuffled': [*ROOMS, ours('the control', training=dict(rays_shuffled=True))],
    'ponder_sparse-unet34_scannet': [
        *SCANNET,
        taken(
            RELEASED,
            volume=dict(in_channels=96),
            optimiser=dict(
                type='SGD',
                lr=0.0002,
                momentum=0.95,  # where torch's OneCycleLR begins, whatever the optimiser has
                nesterov=True,
                weight_decay=0.0001,
                length=(2000 * (2 * 1201 // 32), 'iterations'),
                schedule=(
                    ('CosineLR', 0, 7500, 'iterations', 0.002),
                    ('CosineLR', 7500, 150000, 'iterations', 2e-8),
                    ('CosineMomentum', 0, 7500, 'iterations', 0.85),
                    ('CosineMomentum', 7500, 150000, 'iterations', 0.95),
                ),
            ),
        ),
        ours('that of all pretraining here', optimiser=dict(seed=0)),
        ours(
            'the network that configs/transfer fine-tunes, which reads no signal',
            backbone=dict(in_channels=3),
            data_preprocessor=dict(features=('rgb',), signals=('xyz', 'rgb')),
        ),
    ],
    'ponder_swin3d-small_scannet': [
        *SCANNET,
        SWIN3D,
        DECODER,
        RGB,
        RGB_DECODER,
        {key: number for key, number in SMALL.items() if not key.startswith('decode_head')},
        SWIN3D_60K,
        ours('2 cm, as its recipe of segmentation', backbone=dict(down_stride=3)),
        ours('the width of its decoder', volume=dict(in_channels=48)),
    ],
}
