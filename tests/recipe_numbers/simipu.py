"""Recipes of SimIPU (arXiv 2112.04680).

Source: github.com/zhyever/SimIPU (5b346e3), which stands here as RELEASED.
"""

from math import pi

from .pretraining import SMALL_STUDENT
from .rooms import AREAS, CHOSEN, TINY, by_iterations
from .sources import SCANNET_SPLIT, ours, taken, trained_on

RELEASED = 'arXiv 2112.04680, its released config for KITTI'
MLP = dict(out_channels=128, num_layers=3, norm_out=True)
MODEL = [
    taken(RELEASED, view_head=MLP, pixel_head=MLP, point_head=MLP, criterion=dict(temperature=0.07)),
    ours(
        'as many pairs as PPKT on these rooms; as wide inside as outside',
        view_matcher=dict(max_pairs=2048),
        matcher=dict(max_pairs=2048),
        view_head=dict(hidden_channels=128),
        pixel_head=dict(hidden_channels=128),
        point_head=dict(hidden_channels=128),
    ),
    taken(RELEASED, training=dict(turn=(-pi / 2, pi / 2), scale=(0.75, 1.25))),
    ours('either side of the room may be the other', training=dict(flip=(0.5, 0.5))),
]
COPY = ('MakeViews', 'GlobalRotScaleTrans', 'RandomFlip3D', 'GridSample')


def resnet(depth):
    return {
        'backbone.type': 'mmdet.ResNet',
        'backbone.depth': depth,
        'backbone.style': 'pytorch',
        'out_indices': (3,),
    }


ROOMS = [
    TINY,
    *MODEL,
    by_iterations(0.003, 50, 200, 1e-3, 0.05, rate_of_blocks=0.25, seed=0),
    ours('its loss is lower than at the full rate', optimiser={'rate_of_image.backbone': 0.1}),
    ours(
        CHOSEN,
        image=resnet(18),
        view_head=dict(in_channels=32),
        pixel_head=dict(in_channels=512),
        point_head=dict(in_channels=32),
        view_matcher=dict(radius=0.15),
        data=dict(trained_on=AREAS, repeats=1),
        training=dict(
            frames=(3, None),
            tolerance=0.05,
            frame_crop=((320, 240), 0.0),
            voxel=(0.1, 0.1),
            crop=4000,
            order=(
                'LoadRGBDFrames',
                'MatchVisiblePixels',
                'CropFrames',
                'GridSample',
                'SphereCrop',
                *COPY,
            ),
        ),
    ),
]
SCANNET = [
    *MODEL,
    trained_on(SCANNET_SPLIT),
    taken(
        RELEASED,
        image=resnet(50),
        pixel_head=dict(in_channels=2048),
        optimiser=dict(type='AdamW', lr=0.001, betas=(0.95, 0.99), weight_decay=0.01),
    ),
    ours(
        'data, batches and length of PPKT',
        data=dict(batch=24, devices=1, repeats=1),
        data_preprocessor=dict(voxel_size=0.025),
        view_matcher=dict(radius=0.0375),
        optimiser=dict(
            seed=0,
            rate_of_blocks=0.1,
            length=(60000, 'iterations'),
            schedule=(
                ('LinearLR', 0, 3000, 'iterations', 1e-6 / 6),
                ('CosineLR', 3000, 60000, 'iterations', 0.0),
            ),
        ),
        training=dict(
            frames=(1, 10.0),
            depth=10.0,
            frame_size=((640, 480), None),
            voxel=(0.025, 0.025),
            order=('LoadRGBDFrames', 'BackProjectFrames', 'ResizeFrames', 'GridSample', *COPY),
        ),
    ),
]

RECIPES = {
    'simipu_swin3d-tiny_rooms': ROOMS,
    'simipu_swin3d-tiny_rooms_shuffled': [
        *ROOMS,
        ours('the control', view_matcher=dict(shuffle=True), matcher=dict(shuffle=True)),
    ],
    'simipu_swin3d-tiny_rooms_released-detach': [*ROOMS, taken(RELEASED, model=dict(detach='projection'))],
    'simipu_sparse-unet34_scannet-frames': [
        *SCANNET,
        ours(
            'colours alone; the network reads no signal',
            backbone=dict(in_channels=3),
            data_preprocessor=dict(features=('rgb',), signals=('xyz', 'rgb')),
            view_head=dict(in_channels=96),
            point_head=dict(in_channels=96),
        ),
    ],
    'simipu_swin3d-small_scannet-frames': [
        *SMALL_STUDENT,
        *SCANNET,
        ours(
            'the width of the decoder',
            backbone=dict(down_stride=3),
            view_head=dict(in_channels=48),
            point_head=dict(in_channels=48),
        ),
    ],
}
