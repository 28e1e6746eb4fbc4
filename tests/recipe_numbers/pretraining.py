"""Recipes of PPKT (arXiv 2104.04687)."""

from math import pi

from .segmentation import DECODER, LARGE, RGB, RGB_DECODER, SMALL, SWIN3D
from .sources import SCANNET_SPLIT, ours, taken

PPKT_PAPER = 'arXiv 2104.04687, sections 3.2 and 4.1'
SLIDR = 'valeoai/SLidR, its PPKT; the paper does not say'
PPKT_MODEL = [
    taken(
        PPKT_PAPER,
        **{'teacher.backbone': dict(type='mmdet.ResNet', depth=50, out_indices=(3,), style='pytorch')},
        pixel_head=dict(in_channels=2048, out_channels=128),
        point_head=dict(out_channels=128),
        criterion=dict(temperature=0.04),
    ),
    taken(SLIDR, matcher=dict(max_pairs=4096)),
]
SCANNET_FRAMES = [
    taken(PPKT_PAPER, data=dict(trained_on=SCANNET_SPLIT['data.trained_on'][0])),
    taken(
        PPKT_PAPER,
        data=dict(batch=24, devices=1),
        training=dict(voxel=0.025, frame_flip=0.5),
        data_preprocessor=dict(voxel_size=0.025),
        optimiser=dict(length=(60000, 'iterations')),
    ),
    ours(
        'the paper names the transforms and not their ranges',
        data=dict(repeats=1),
        training=dict(
            frames=(1, 10.0),
            depth=10.0,
            frame_size=((640, 480), (0.8, 1.2)),
            frame_crop=((640, 480), 0.5),
            turn=(-pi, pi),
            scale=(0.8, 1.2),
            order=(
                'LoadRGBDFrames',
                'BackProjectFrames',
                'ResizeFrames',
                'CropFrames',
                'FlipFrames',
                'GlobalRotScaleTrans',
                'ElasticDistortion',
                'GridSample',
            ),
        ),
        optimiser=dict(seed=0),
    ),
]

SWIN3D_60K = ours(
    'AdamW, rates and warm-up of Swin3D on ScanNet',
    optimiser=dict(
        type='AdamW',
        lr=0.006,
        weight_decay=0.05,
        rate_of_blocks=0.1,
        seed=0,
        length=(60000, 'iterations'),
        schedule=(
            ('LinearLR', 0, 3000, 'iterations', 1e-6),
            ('CosineLR', 3000, 60000, 'iterations', 0.0),
        ),
    ),
)

SMALL_STUDENT = [
    SWIN3D,
    DECODER,
    RGB,
    RGB_DECODER,
    {key: number for key, number in SMALL.items() if not key.startswith('decode_head')},
]
SPARSE_UNET_FRAMES = [
    *PPKT_MODEL,
    *SCANNET_FRAMES,
    taken(
        PPKT_PAPER,
        data_preprocessor=dict(features=('rgb',)),
        backbone=dict(in_channels=3),
        point_head=dict(in_channels=96),
        optimiser=dict(type='SGD', lr=0.5, weight_decay=0.0001),
    ),
    ours('the network reads no signal', data_preprocessor=dict(signals=('xyz', 'rgb'))),
    taken(
        SLIDR,
        optimiser=dict(momentum=0.9, dampening=0.1, schedule=(('CosineLR', 0, 60000, 'iterations', 0.0),)),
    ),
]
SWIN3D_FRAMES = [
    *SMALL_STUDENT,
    *PPKT_MODEL,
    *SCANNET_FRAMES,
    SWIN3D_60K,
    ours('the width of the decoder', backbone=dict(down_stride=3), point_head=dict(in_channels=48)),
]
SWIN3D_LARGE_FRAMES = [
    *SWIN3D_FRAMES,
    {key: number for key, number in LARGE.items() if not key.startswith('decode_head')},
    ours('the width of its decoder', point_head=dict(in_channels=80)),
]


RECIPES = {
    'ppkt_sparse-unet34_scannet-frames': SPARSE_UNET_FRAMES,
    'ppkt_swin3d-small_scannet-frames': SWIN3D_FRAMES,
    'ppkt_swin3d-large_scannet-frames': SWIN3D_LARGE_FRAMES,
}
