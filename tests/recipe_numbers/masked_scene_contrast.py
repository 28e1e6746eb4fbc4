"""Recipes of Masked Scene Contrast (arXiv 2303.14191)."""

from math import pi

from .pretraining import SMALL_STUDENT, SWIN3D_60K
from .rooms import AREAS, CHOSEN, TINY, by_iterations
from .sources import ours, taken

RELEASED = 'Pointcept, configs/scannet/pretrain-msc-v1m1-0-spunet-base.py'
AUGMENTED = (
    *['RandomAxisRotation'] * 3,
    'GlobalRotScaleTrans',
    'RandomFlip3D',
    'RandomJitterPoints',
    'ColorJitter',
    'ChromaticJitter',
)
CROPPED = ('MultiCrop', *AUGMENTED, 'Mix3D', 'GridSample', *AUGMENTED, 'GridSample')


def twice(value):
    """A number of a step that both views go through."""
    return (value, value)


VIEWS = [
    taken(
        RELEASED,
        masker=dict(ratio=0.4),
        criterion=dict(temperature=0.4, loss_weight=1.0),
        reconstruction={'color.type': 'ColorReconstruction', 'color.loss_weight': 1.0},
        training=dict(
            turn_z=twice(((-pi, pi), None)),
            turn_x=twice(((-pi / 64, pi / 64), None)),
            turn_y=twice(((-pi / 64, pi / 64), None)),
            turn=twice((0.0, 0.0)),
            scale=twice((0.9, 1.1)),
            flip=twice((0.5, 0.5)),
            jitter=twice((0.005,) * 3),
            jitter_clip=twice((-0.02, 0.02)),
            colours=twice((0.4, 0.4, 0.2, 0.02, 0.8)),
            colour_jitter=twice((0.95, 0.05)),
            mix=0.8,
        ),
    ),
    ours(
        'scenes are mixed before voxels are sampled; an epoch has no meaning to an endless sampler',
        data=dict(repeats=1),
        training=dict(order=CROPPED),
        optimiser=dict(seed=0),
    ),
]
SCANNET = [
    *VIEWS,
    taken(
        RELEASED,
        data=dict(batch=32, trained_on=tuple(f'scannet_infos_{s}.pkl' for s in ('train', 'val', 'test'))),
        masker=dict(cell_size=0.1),
        matcher=dict(radius=0.03, max_pairs=8192),
        data_preprocessor=dict(voxel_size=0.02),
    ),
    taken(f'{RELEASED}; the most points are ours', training=dict(crops=(1, (0.6, 0.6), 200000))),
    taken(RELEASED, training=dict(local_crops=(1, (0.6, 0.6)), voxel=twice(0.02))),
    ours('4 scans on each of 8 GPUs', data=dict(devices=8)),
]
SPARSE_UNET = [
    *SCANNET,
    taken(
        RELEASED,
        reconstruction={'color.in_channels': 96},
        optimiser=dict(
            type='SGD',
            lr=0.01,
            momentum=0.95,  # where torch's OneCycleLR begins, whatever the optimiser has
            nesterov=True,
            weight_decay=0.0001,
            length=(30000, 'iterations'),
            schedule=(
                ('CosineLR', 0, 300, 'iterations', 0.1),
                ('CosineLR', 300, 30000, 'iterations', 1e-6),
                ('CosineMomentum', 0, 300, 'iterations', 0.85),
                ('CosineMomentum', 300, 30000, 'iterations', 0.95),
            ),
        ),
    ),
    ours(
        'the network that configs/transfer fine-tunes, which reads no signal',
        backbone=dict(in_channels=3),
        data_preprocessor=dict(features=('rgb',), signals=('xyz', 'rgb')),
    ),
]
SWIN3D_SMALL = [
    *SMALL_STUDENT,
    SWIN3D_60K,
    ours('as on ScanNet with labels', backbone=dict(down_stride=3), reconstruction={'color.in_channels': 48}),
]
S3DIS = [
    *VIEWS,
    ours(
        'as on ScanNet, for 4 cm voxels; rooms thinned out to 2 cm',
        data=dict(batch=16, devices=4, trained_on=AREAS),
        masker=dict(cell_size=0.1),
        matcher=dict(radius=0.06, max_pairs=8192),
        data_preprocessor=dict(voxel_size=0.04),
        training=dict(
            order=('GridSample', *CROPPED),
            voxel=(0.02, 0.04, 0.04),
            crops=(1, (0.6, 0.6), 200000),
            local_crops=(1, (0.6, 0.6)),
        ),
    ),
]
ROOMS = [
    TINY,
    *VIEWS,
    by_iterations(0.003, 50, 600, 1e-3, 0.05, rate_of_blocks=0.25, seed=0),
    ours(
        CHOSEN,
        training=dict(crops=(1, (0.6, 1.0), 8000), local_crops=(1, (0.6, 1.0)), voxel=twice(0.1)),
        reconstruction={
            'color.in_channels': 32,
            'normal.in_channels': 32,
            'normal.type': 'NormalReconstruction',
        },
    ),
    ours('1.5 voxels, and cells of three', masker=dict(cell_size=0.3), matcher=dict(radius=0.15)),
    ours('for a batch of two', matcher=dict(max_pairs=2048)),
    ours('area 5 is held out', data=dict(trained_on=AREAS)),
]

RECIPES = {
    'masked_scene_contrast_sparse-unet34_scannet': SPARSE_UNET,
    'masked_scene_contrast_swin3d-small_scannet': [*SCANNET, *SWIN3D_SMALL],
    'masked_scene_contrast_swin3d-small_s3dis': [*S3DIS, *SWIN3D_SMALL],
    'masked_scene_contrast_swin3d-tiny_rooms': ROOMS,
    'masked_scene_contrast_swin3d-tiny_rooms_no-reconstruction': [
        {
            key: number
            for number_of in ROOMS
            for key, number in number_of.items()
            if key[:14] != 'reconstruction'
        }
    ],
    'masked_scene_contrast_swin3d-tiny_rooms_shuffled': [
        *ROOMS,
        ours(
            'the control',
            matcher=dict(shuffle=True),
            reconstruction={'color.shuffle': True, 'normal.shuffle': True},
        ),
    ],
}
