"""Recipes of PointMCD (arXiv 2207.03128).

Source: github.com/keeganhk/PointMCD (2edc816), which stands here as RELEASED.
"""

from .rooms import CHOSEN
from .segmentation import SCANNET_RGB, SMALL
from .sources import ours, taken
from .two_dpass import ROOMS_PLAIN, SCANNET_FRAMES

RELEASED = 'arXiv 2207.03128, its released part segmentation'
OBJECTIVE = taken(RELEASED, PointMCD=dict(mode='max', loss_weight=1.0))
HEAD = {'head.type': 'ProjectionHead', 'head.num_layers': 2}
LITE = {
    'image.type': 'FrozenImageTeacher',
    'image.backbone.type': 'EfficientNetLite0',
    'image.out_indices': (3,),
    'image.mean': (127.0,) * 3,
    'image.std': (128.0,) * 3,
    'head.in_channels': 32,
    'head.out_channels': 320,
}


def rooms(**changes):
    """The recipe of rooms with other numbers of the objective."""
    return [*ROOMS_PLAIN, OBJECTIVE, ours(CHOSEN, PointMCD={**HEAD, **LITE, 'grid': (3, 4), **changes})]


RECIPES = {
    'point_mcd_swin3d-tiny_rooms': rooms(),
    'point_mcd_swin3d-tiny_rooms_whole-frames': rooms(grid=(1, 1)),
    'point_mcd_swin3d-tiny_rooms_random-teacher': rooms(**{'image.backbone.pretrained': False}),
    'point_mcd_swin3d-tiny_rooms_shuffled': rooms(shuffle=True),
    'point_mcd_swin3d-small_scannet-seg': [
        *SCANNET_RGB,
        SMALL,
        SCANNET_FRAMES,
        OBJECTIVE,
        ours(
            'an image network of ImageNet, regions as of rooms',
            PointMCD={
                'image.type': 'FrozenImageTeacher',
                'image.backbone.type': 'mmdet.ResNet',
                'image.backbone.depth': 50,
                'image.backbone.style': 'pytorch',
                'image.out_indices': (3,),
                'head.in_channels': 48,
                'head.out_channels': 2048,
                'grid': (3, 4),
                **HEAD,
            },
        ),
    ],
}
