"""Recipes of I2P-MAE (arXiv 2212.06785); its scene form is ours, and with it most numbers."""

from math import inf, pi

from .pretraining import SCANNET_FRAMES
from .rooms import ANY_FRAMES, AREAS, ROOM_FRAMES, TINY, by_iterations
from .segmentation import RGB, SMALL, SWIN3D
from .sources import ours, taken

RELEASED = 'ZrrSkywalker/I2P-MAE, cfgs/pre-training/i2p-mae.yaml'
BALANCED = ours(
    'the two terms are about as large at the start',
    point_criterion=dict(loss_weight=5.0),
    feature_criterion=dict(loss_weight=1.0),
)


def encoder_alone(numbers):
    """Without what belongs to a decoder or a classifier."""
    return {key: value for key, value in numbers.items() if not key.startswith(('neck', 'decode_head'))}


TINY_I2P_MAE = [
    encoder_alone(TINY),
    BALANCED,
    by_iterations(0.003, 50, 600, 1e-3, 0.05, rate_of_blocks=0.25, seed=0),
    ours(
        'a teacher with weights in a Python package',
        teacher={
            'backbone.type': 'EfficientNetLite0',
            'out_indices': (2, 3),
            'mean': (127.0,) * 3,
            'std': (128.0,) * 3,
        },
        feature_head=dict(in_channels=128, out_channels=112 + 320),
    ),
    ours(
        'cells of 40 cm with as many points as a wall has voxels in a quarter of one',
        model=dict(cell_stride=4),
        matcher=dict(max_pairs=16384),
        masker=dict(visible=0.4, temperature=1.0, standardize=True),
        decoder=dict(in_channels=(128, 192, 256), channels=128, num_heads=8, window_size=7, depth=2),
        point_head=dict(in_channels=128, num_points=4),
        data=dict(repeats=1),
        training=dict(turn=(-pi, pi), scale=(0.8, 1.2), frame_flip=0.5),
    ),
]
ROOMS = [*TINY_I2P_MAE, ROOM_FRAMES, ours('area 5 is held out', data=dict(trained_on=AREAS))]
CLIP = [
    BALANCED,
    taken(
        RELEASED,
        optimiser=dict(type='AdamW', lr=0.001, weight_decay=0.05),
        feature_head=dict(out_channels=512),
        decoder=dict(channels=384),
    ),
    taken('models/I2P_MAE.py of the same: 13 of 64 tokens are visible', masker=dict(visible=0.2)),
    taken(
        'openai/CLIP, its preprocessing',
        teacher={'mean': (122.771, 116.746, 104.094), 'std': (68.5, 66.632, 70.323)},
    ),
    ours(
        'paths, and the attention beside the features',
        teacher={
            'backbone.type': 'TransformersViT',
            'backbone.folder': 'checkpoints/clip-vit-base-patch16',
            'backbone.saliency': True,
            'out_indices': (0, 1),
        },
    ),
    ours(
        'a scene has more pixels and more voxels a cell than an object',
        matcher=dict(max_pairs=65536),
        point_head=dict(in_channels=384, num_points=16),
        feature_head=dict(in_channels=384),
        decoder=dict(num_heads=12, window_size=7),
        optimiser=dict(
            length=(60000, 'iterations'),
            schedule=(
                ('LinearLR', 0, 2000, 'iterations', 1e-6),
                ('CosineLR', 2000, 60000, 'iterations', 1e-6),
            ),
            seed=0,
        ),
    ),
]
SMALL_ENCODER = [
    encoder_alone(numbers)
    for numbers in (SWIN3D, RGB, SMALL, ours('the encoder', backbone=dict(down_stride=3)))
]
SMALL_CELLS = ours('cells of 30 to 50 cm', model=dict(cell_stride=12), decoder=dict(in_channels=(384, 384)))
S3DIS_VIEWS = [
    ours('area 5 is held out', data=dict(trained_on=AREAS)),
    ours(
        'crops, voxels and jitter of S3DIS; scale and turn as for frames',
        data=dict(batch=4, devices=1, repeats=1),
        data_preprocessor=dict(voxel_size=0.04),
        training=dict(
            turn=(-pi, pi),
            scale=(0.8, 1.2),
            jitter=(0.005,) * 3,
            jitter_clip=(-0.02, 0.02),
            voxel=0.04,
            crop=80000,
            order=('GlobalRotScaleTrans', 'RandomJitterPoints', 'GridSample', 'SphereCrop', 'AxisViews'),
        ),
    ),
]

RECIPES = {
    'i2p_mae_swin3d-tiny_rooms': ROOMS,
    'i2p_mae_swin3d-tiny_rooms_released-mask': [
        *ROOMS,
        taken('models/I2P_MAE.py: softmax of attentions', masker=dict(standardize=False)),
    ],
    'i2p_mae_swin3d-tiny_rooms_random-mask': [*ROOMS, ours('a random mask', masker=dict(temperature=inf))],
    'i2p_mae_swin3d-tiny_rooms_shuffled': [*ROOMS, ours('the control', matcher=dict(shuffle=True))],
    'i2p_mae_swin3d-tiny_rooms_no-points': [
        {key: number for numbers in ROOMS for key, number in numbers.items() if 'point_head' not in key}
    ],
    'i2p_mae_swin3d-tiny_rooms_no-features': [
        {key: number for numbers in ROOMS for key, number in numbers.items() if 'feature_head' not in key}
    ],
    'i2p_mae_swin3d-tiny_frames': [*TINY_I2P_MAE, ANY_FRAMES],
    'i2p_mae_swin3d-small_scannet-frames': [*SMALL_ENCODER, *CLIP, *SCANNET_FRAMES, SMALL_CELLS],
    'i2p_mae_swin3d-small_s3dis-axis-views': [*SMALL_ENCODER, *CLIP, *S3DIS_VIEWS, SMALL_CELLS],
    'i2p_mae_sparse-unet34_scannet-frames': [
        *CLIP,
        *SCANNET_FRAMES,
        ours(
            'the coarsest voxels, 40 cm, are cells; the network reads no signal',
            data_preprocessor=dict(features=('rgb',), signals=('xyz', 'rgb')),
            backbone=dict(in_channels=3, decode=False, out_indices=(4,)),
            model=dict(cell_stride=16),
            decoder=dict(in_channels=256),
        ),
    ],
}
