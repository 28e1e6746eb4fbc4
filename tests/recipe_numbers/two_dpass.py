"""Recipes of 2DPASS (arXiv 2207.04397).

Source: github.com/yanx27/2DPASS (80b8646), config/2DPASS-semantickitti.yaml, which stands here as RELEASED.
"""

from .rooms import CHOSEN, CLASS_WEIGHTS, FEW_ROOMS, ROOMS_SEG
from .segmentation import SCANNET_RGB, SMALL
from .sources import ours, taken

RELEASED = 'arXiv 2207.04397, its released config for SemanticKITTI'
WEIGHTS = CLASS_WEIGHTS['decode_head.loss_decode.class_weight'][0]
LABELLED_ORDER = (
    'FindSceneFrames',
    'LoadRGBDFrames',
    'MatchVisiblePixels',
    'FlipFrames',
    'GlobalRotScaleTrans',
    'RandomJitterPoints',
    'GridSample',
    'SphereCrop',
    'RandomDropColor',
)
ROOM_FRAMES = ours(
    'crops as without frames',
    training=dict(
        frames=(2, None), tolerance=0.05, frame_flip=0.5, crop_anchor='random', order=LABELLED_ORDER
    ),
)
SCANNET_FRAMES = ours(
    'frames as without labels',
    training=dict(
        frames=(2, 10.0),
        tolerance=0.05,
        frame_size=((640, 480), (0.8, 1.2)),
        frame_crop=((640, 480), 0.5),
        frame_flip=0.5,
        order=(
            'FindSceneFrames',
            'LoadRGBDFrames',
            'MatchVisiblePixels',
            'ResizeFrames',
            'CropFrames',
            'FlipFrames',
            'GlobalRotScaleTrans',
            'GridSample',
            'SphereCrop',
            'RandomDropColor',
        ),
    ),
)
OBJECTIVE = taken(RELEASED, TwoDPASS=dict(hidden_channels=64, fused_weight=1.0, kl_weight=0.05))
SCALES = dict(
    levels=('encoder.1', 'encoder.2', 'encoder.3'),
    in_channels=(64, 128, 192),
    num_classes=13,
    **{'criterion.type': 'CrossEntropyLovasz', 'criterion.class_weight': WEIGHTS},
)
ROOMS_PLAIN = [
    *ROOMS_SEG,
    CLASS_WEIGHTS,
    FEW_ROOMS,
    ROOM_FRAMES,
    ours('few labels', data=dict(scenes=2)),
]


def room_images(kind):
    """The images of the rooms' recipes, by a network of this type."""
    return {
        'image_channels': (40, 112, 320),
        'image.type': kind,
        'image.backbone.type': 'EfficientNetLite0',
        'image.out_indices': (1, 2, 3),
        'image.mean': (127.0,) * 3,
        'image.std': (128.0,) * 3,
    }


def rooms(kind='FrozenImageTeacher'):
    return [*ROOMS_PLAIN, OBJECTIVE, ours(CHOSEN, TwoDPASS={**SCALES, **room_images(kind)})]


SHUFFLED = {'matcher.type': 'OnePixelPerVoxel', 'matcher.max_pairs': 4096, 'matcher.shuffle': True}
RECIPES = {
    'two_dpass_swin3d-tiny_rooms': rooms(),
    'two_dpass_swin3d-tiny_rooms_trained-images': rooms('ImageEncoder'),
    'two_dpass_swin3d-tiny_rooms_shuffled': [*rooms(), ours('the control', TwoDPASS=SHUFFLED)],
    'two_dpass_swin3d-tiny_rooms_deep-supervision': [
        *ROOMS_PLAIN,
        ours(CHOSEN, DeepSupervision=dict(SCALES, hidden_channels=64)),
    ],
    'two_dpass_swin3d-small_scannet-seg': [
        *SCANNET_RGB,
        SMALL,
        OBJECTIVE,
        taken(
            RELEASED,
            TwoDPASS={
                'image.type': 'ImageEncoder',
                'image.backbone.type': 'mmdet.ResNet',
                'image.backbone.depth': 34,
                'image.backbone.out_indices': (0, 1, 2, 3),
                'image.backbone.style': 'pytorch',
                'image.out_indices': (0, 1, 2, 3),
                'image_channels': (64, 128, 256, 512),
            },
        ),
        ours(
            'the four finest levels, as many as maps',
            TwoDPASS=dict(
                levels=tuple(f'encoder.{level}' for level in range(4)),
                in_channels=(48, 96, 192, 384),
                num_classes=20,
            ),
        ),
        SCANNET_FRAMES,
    ],
}
