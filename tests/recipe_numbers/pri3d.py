"""Recipes of Pri3D (arXiv 2104.11225), and what the recipes of image networks share.

Source: github.com/Sekunde/Pri3D (9086edd), pretrain/pri3d, which stands here as RELEASED.
"""

from math import pi

from .pretraining import SMALL_STUDENT, SWIN3D_60K
from .rooms import AREAS, CHOSEN, ROOM_CROPS, TINY, by_iterations
from .sources import SCANNET_SPLIT, ours, taken, trained_on

RELEASED = 'arXiv 2104.11225, its released scripts'
CRITERION = taken(RELEASED, criterion=dict(temperature=0.4, symmetric=True))
VIEW = taken(RELEASED, view_matcher=dict(max_pairs=1024))
GEOMETRY = [
    taken(
        RELEASED,
        matcher=dict(max_pairs=1024),
        pixel_projection=dict(out_channels=64),
        point_head=dict(out_channels=64),
    )
]
IMAGENET_BACKBONE = ours('weights that are there already', optimiser={'rate_of_image.backbone': 0.1})
COLOURS = taken(RELEASED, training=dict(frame_colours=(0.4, 0.8)))
EFFICIENTNET = ours(
    'an image network with weights in a Python package',
    image={
        'backbone.type': 'EfficientNetLite0',
        'out_indices': (0, 1, 2, 3),
        'mean': (127.0,) * 3,
        'std': (128.0,) * 3,
    },
)
SHARED_FRAMES = [
    COLOURS,
    ours(
        CHOSEN,
        data=dict(trained_on=AREAS, repeats=1),
        training=dict(
            turn=(-pi, pi),
            scale=(0.8, 1.2),
            frames=(3, None),
            tolerance=0.05,
            frame_crop=((320, 240), 0.0),
            **ROOM_CROPS,
            order=(
                'LoadRGBDFrames',
                'MatchVisiblePixels',
                'CropFrames',
                'JitterFrameColors',
                'GlobalRotScaleTrans',
                'RandomJitterPoints',
                'GridSample',
                'SphereCrop',
            ),
        ),
    ),
]
ROOMS = [
    CRITERION,
    EFFICIENTNET,
    *SHARED_FRAMES,
    by_iterations(0.003, 50, 200, 1e-3, 0.05, rate_of_blocks=0.25, seed=0),
    IMAGENET_BACKBONE,
    ours(CHOSEN, pixel_head=dict(in_channels=(24, 40, 112, 320), out_channels=96)),
]
TINY_VOXELS = {key: number for key, number in TINY.items() if key.startswith('data_preprocessor')}
TINY_GEOMETRY = [
    TINY,
    *GEOMETRY,
    ours(
        'the widths of both networks', pixel_projection=dict(in_channels=96), point_head=dict(in_channels=32)
    ),
]
DEPTH = ours('all maps', depth_head=dict(in_channels=(24, 40, 112, 320)))
ONE_FRAME = ours(
    'one camera: other crops and colours of one frame',
    training=dict(
        frames=(1, None),
        frame_copies=3,
        frame_size=(None, (1.0, 1.5)),
        order=(
            'LoadRGBDFrames',
            'MatchVisiblePixels',
            'CopyFrames',
            'ResizeFrames',
            'CropFrames',
            'JitterFrameColors',
            'GlobalRotScaleTrans',
            'RandomJitterPoints',
            'GridSample',
            'SphereCrop',
        ),
    ),
)
RESNET50 = taken(
    RELEASED,
    image={
        'backbone.type': 'mmdet.ResNet',
        'backbone.depth': 50,
        'backbone.style': 'pytorch',
        'out_indices': (0, 1, 2, 3),
    },
)
SCANNET = [
    CRITERION,
    VIEW,
    *GEOMETRY,
    RESNET50,
    COLOURS,
    trained_on(SCANNET_SPLIT),
    taken(
        RELEASED,
        data=dict(batch=64, devices=8),
        data_preprocessor=dict(voxel_size=0.02),
        training=dict(frames=(2, 10.0), frame_size=((320, 240), None), tolerance=0.05, voxel=(0.02, 0.02)),
        pixel_head=dict(out_channels=128),
        pixel_projection=dict(in_channels=128),
    ),
    ours(
        'all maps of the network in place of a U-Net over them',
        pixel_head=dict(in_channels=(256, 512, 1024, 2048)),
        depth_head=dict(in_channels=(256, 512, 1024, 2048)),
    ),
    ours(
        'the points of both frames in place of the reconstructed scan',
        data=dict(repeats=1),
        training=dict(
            depth=10.0,
            turn=(-pi, pi),
            scale=(0.9, 1.1),
            order=(
                'LoadRGBDFrames',
                'BackProjectFrames',
                'GridSample',
                'MatchVisiblePixels',
                'ResizeFrames',
                'JitterFrameColors',
                'GlobalRotScaleTrans',
                'GridSample',
            ),
        ),
    ),
]

RECIPES = {
    'pri3d_swin3d-tiny_rooms': [*ROOMS, VIEW, *TINY_GEOMETRY, DEPTH],
    'pri3d_swin3d-tiny_rooms_shuffled': [
        *ROOMS,
        VIEW,
        *TINY_GEOMETRY,
        DEPTH,
        ours('the control', view_matcher=dict(shuffle=True), matcher=dict(shuffle=True)),
    ],
    'pri3d_swin3d-tiny_rooms_view': [*ROOMS, VIEW, TINY_VOXELS],
    'pri3d_swin3d-tiny_rooms_geometry': [*ROOMS, *TINY_GEOMETRY],
    'pri3d_swin3d-tiny_rooms_one-frame': [*ROOMS, VIEW, TINY_VOXELS, ONE_FRAME],
    'pri3d_sparse-unet34_scannet-frames': [
        *SCANNET,
        taken(
            RELEASED,
            optimiser=dict(
                type='SGD',
                lr=0.1,
                momentum=0.9,
                dampening=0.1,
                weight_decay=0.0,
                schedule=(('PolyLR', 0, 60000, 'iterations', (0.9, 0)),),
            ),
            point_head=dict(in_channels=96),
        ),
        ours('as PPKT, in place of five epochs', optimiser=dict(length=(60000, 'iterations'), seed=0)),
        ours(
            'colours alone; the network reads no signal',
            backbone=dict(in_channels=3),
            data_preprocessor=dict(features=('rgb',), signals=('xyz', 'rgb')),
        ),
    ],
    'pri3d_swin3d-small_scannet-frames': [
        *SCANNET,
        *SMALL_STUDENT,
        SWIN3D_60K,
        IMAGENET_BACKBONE,
        ours('the width of the decoder', backbone=dict(down_stride=3), point_head=dict(in_channels=48)),
    ],
}
