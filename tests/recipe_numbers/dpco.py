"""Recipes of DPCo (arXiv 2207.04997)."""

from math import pi

from .pretraining import SCANNET_FRAMES, SMALL_STUDENT, SWIN3D_60K
from .rooms import AREAS, CHOSEN, TINY, by_iterations
from .sources import ours, taken

RELEASED = 'github.com/lilanxiao/Invar3D (423658c)'
MODEL = [
    taken(
        RELEASED,
        queue=dict(size=32768, channels=128, temperature=0.07, loss_weight=0.5),
        criterion=dict(temperature=0.07, symmetric=True, loss_weight=0.5),
        matcher=dict(max_pairs=512),
        model=dict(momentum=0.999),
        cloud_code=dict(hidden_channels=512, out_channels=128, num_layers=2, norm=False),
        depth_code=dict(hidden_channels=512, out_channels=128, num_layers=2, norm=False),
        training=dict(depth_erased=((0.2, (0.2, 0.4)),) * 2, frame_flip=(0.5, 0.5), flip=((0.5, 0.5),) * 2),
    ),
    ours(
        'a plain ResNet, whose levels are projected together',
        depth={
            'backbone.type': 'mmdet.ResNet',
            'backbone.depth': 34,
            'backbone.out_indices': (1, 2, 3),
            'backbone.norm_eval': False,
            'out_indices': (0, 1, 2),
            'mean': (0.0,) * 3,
            'std': (8.0,) * 3,
        },
        depth_code=dict(in_channels=128 + 256 + 512),
        pixel_head=dict(in_channels=(128, 256, 512), out_channels=128),
        point_head=dict(out_channels=128),
    ),
    ours(
        'all of a frame in one size; turned about z alone',
        data=dict(repeats=1),
        training=dict(turn=((-pi, pi),) * 2),
    ),
]
CHANGES = (
    'ResizeFrames',
    'CropFrames',
    'FlipFrames',
    'EraseDepth',
    'GlobalRotScaleTrans',
    'RandomFlip3D',
    'GridSample',
)
SCANNET = [
    *SCANNET_FRAMES,
    *MODEL,
    taken(
        RELEASED,
        data=dict(batch=64, devices=2),
        training=dict(scale=((0.7, 1.3),) * 2, depth=8.0, frames=(1, 8.0)),
    ),
    ours(
        'its images measure 352 x 352, with borders',
        training=dict(
            frame_size=(((320, 240), (1.1, 1.4)),) * 2,
            frame_crop=(((320, 240), None),) * 2,
            voxel=(0.025, 0.025),
            order=('LoadRGBDFrames', 'BackProjectFrames', 'MakeViews', *CHANGES, *CHANGES),
        ),
    ),
]
ROOMS = [
    TINY,
    *MODEL,
    by_iterations(0.003, 50, 200, 1e-3, 0.05, rate_of_blocks=0.25, seed=0),
    ours(
        CHOSEN,
        data=dict(batch=4, trained_on=AREAS),
        training=dict(
            frames=(1, None),
            depth=8.0,
            frame_size=(((160, 120), (1.1, 1.4)),) * 2,
            frame_crop=(((160, 120), None),) * 2,
            scale=((0.8, 1.2),) * 2,
            voxel=(0.05, 0.1, 0.1),
            crop=(2000, 2000),
            order=(
                *('LoadRGBDFrames', 'BackProjectFrames', 'GridSample', 'EstimateNormals', 'MakeViews'),
                *(*CHANGES, 'SphereCrop') * 2,
            ),
        ),
        depth={'backbone.depth': 18},
        cloud_code=dict(in_channels=32),
        point_head=dict(in_channels=32),
    ),
    ours('200 steps, some 300 frames', queue=dict(size=128), model=dict(momentum=0.99)),
]

RECIPES = {
    'dpco_swin3d-tiny_rooms': ROOMS,
    'dpco_swin3d-tiny_rooms_local': [*ROOMS, ours('an arm', model=dict(global_formats=()))],
    'dpco_swin3d-tiny_rooms_shuffled': [
        *ROOMS,
        ours('the control', queue=dict(shuffle=True), matcher=dict(shuffle=True)),
    ],
    'dpco_swin3d-small_scannet-frames': [
        *SMALL_STUDENT,
        *SCANNET,
        SWIN3D_60K,
        ours(
            'the width of the decoder',
            backbone=dict(down_stride=3),
            cloud_code=dict(in_channels=48),
            point_head=dict(in_channels=48),
        ),
    ],
    'dpco_sparse-unet34_scannet-frames': [
        *SCANNET,
        taken(
            RELEASED, optimiser=dict(type='SGD', lr=0.03, momentum=0.9, weight_decay=0.0001, dampening=0.0)
        ),
        ours(
            'the network reads no signal; its width',
            data_preprocessor=dict(features=('rgb',), signals=('xyz', 'rgb')),
            backbone=dict(in_channels=3),
            cloud_code=dict(in_channels=96),
            point_head=dict(in_channels=96),
        ),
        ours('its 120 epochs', optimiser=dict(schedule=(('CosineLR', 0, 60000, 'iterations', 0.0),))),
    ],
}
