"""Recipes of MvDeCor (arXiv 2208.08580), and of image networks on labelled rooms.

Source: github.com/nv-tlabs/MvDeCor (d3348ae), which stands here as RELEASED.
"""

from .pri3d import EFFICIENTNET, IMAGENET_BACKBONE, RESNET50, SHARED_FRAMES
from .pri3d import RECIPES as PRI3D
from .rooms import CHOSEN, LABELLED, by_iterations
from .segmentation import VOTES
from .sources import S3DIS_SPLIT, ours, taken

RELEASED = 'arXiv 2208.08580, its released code'
MODEL = [
    taken(
        RELEASED,
        pixel_head=dict(out_channels=64),
        matcher=dict(max_pairs=4000),
        criterion=dict(temperature=0.07, symmetric=True),
    )
]
MAPS = ours('all maps', pixel_head=dict(in_channels=(24, 40, 112, 320)))
ROOMS = [
    *MODEL,
    EFFICIENTNET,
    *SHARED_FRAMES,
    MAPS,
    by_iterations(0.003, 50, 200, 1e-3, 0.05, rate_of_blocks=0.25, seed=0),
    IMAGENET_BACKBONE,
    ours('that of all recipes for these rooms', data_preprocessor=dict(voxel_size=0.1)),
]
SCANNET_DATA = {
    key: number
    for group in PRI3D['pri3d_sparse-unet34_scannet-frames']
    for key, number in group.items()
    if key.startswith(('data.', 'training.', 'data_preprocessor.voxel_size'))
}
LABELLED_FRAMES = [
    *LABELLED,
    S3DIS_SPLIT,
    VOTES,
    EFFICIENTNET,
    taken('S3DIS', decode_head=dict(num_classes=13)),
    by_iterations(0.006, 10, 100, 1e-3, 0.05, rate_of_blocks=0.25, tested_every=100, seed=123),
    ours(
        CHOSEN,
        data=dict(repeats=1),
        data_preprocessor=dict(voxel_size=0.1),
        training=dict(
            frames=(3, None),
            tolerance=0.05,
            frame_crop=((320, 240), 0.0),
            frame_flip=0.5,
            frame_colours=(0.2, 0.8),
            order=(
                'FindSceneFrames',
                'LoadRGBDFrames',
                'MatchVisiblePixels',
                'CropFrames',
                'FlipFrames',
                'JitterFrameColors',
                'GlobalRotScaleTrans',
                'RandomJitterPoints',
                'GridSample',
                'SphereCrop',
                'RandomDropColor',
            ),
        ),
        test=dict(frames=(6, None), tolerance=0.05),
    ),
]
FEW = [
    *LABELLED_FRAMES,
    MAPS,
    IMAGENET_BACKBONE,
    taken(RELEASED, pixel_head=dict(out_channels=64), vote=dict(power=20.0)),
    ours('the width of the pixels', decode_head=dict(in_channels=64)),
    ours('two rooms', data=dict(scenes=2)),
]

RECIPES = {
    'mvdecor_swin3d-tiny_rooms': ROOMS,
    'mvdecor_swin3d-tiny_rooms_shuffled': [*ROOMS, ours('the control', matcher=dict(shuffle=True))],
    'mvdecor_resnet50_scannet-frames': [
        *MODEL,
        SCANNET_DATA,
        RESNET50,
        taken(RELEASED, optimiser=dict(type='Adam', lr=0.001, schedule=())),
        ours('as PPKT', optimiser=dict(length=(60000, 'iterations'), seed=0)),
        ours('all maps', pixel_head=dict(in_channels=(256, 512, 1024, 2048))),
    ],
    'efficientnet-lite0_rooms-seg_few': FEW,
    'efficientnet-lite0_rooms-seg_mvdecor': [
        *FEW,
        taken(
            RELEASED,
            ViewCorrespondence={
                'matcher.type': 'SharedVoxelPixels',
                'matcher.max_pairs': 4000,
                'criterion.type': 'InfoNCE',
                'criterion.temperature': 0.07,
                'criterion.symmetric': True,
                'criterion.loss_weight': 0.001,
            },
        ),
    ],
    'efficientnet-lite0_rooms-seg_probe': [
        *LABELLED_FRAMES,
        ours('all maps side by side', decode_head=dict(in_channels=24 + 40 + 112 + 320)),
        ours('ten rooms', data=dict(scenes=10)),
        ours('one linear layer is trained', FreezeHook=dict(names=('image',))),
    ],
}
