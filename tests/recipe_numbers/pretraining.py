"""Recipes of PPKT (arXiv 2104.04687) and of what fine-tunes and probes its students."""

from math import pi

from .detection import RECIPES as DETECTION
from .segmentation import (
    AUGMENTATION,
    DECODER,
    RGB,
    RGB_DECODER,
    S3DIS_ORDER,
    S3DIS_SMALL,
    S3DIS_YAML,
    SCANNET_RGB,
    SMALL,
    SWIN3D,
    VOTES,
)
from .sources import S3DIS_SPLIT, SCANNET_SPLIT, ours, taken

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
                'RandomPointPerVoxel',
            ),
        ),
        optimiser=dict(seed=0),
    ),
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
    SWIN3D,
    DECODER,
    RGB,
    RGB_DECODER,
    {key: number for key, number in SMALL.items() if not key.startswith('decode_head')},
    *PPKT_MODEL,
    *SCANNET_FRAMES,
    ours(
        'AdamW, rates and warm-up of Swin3D on ScanNet',
        backbone=dict(down_stride=3),
        point_head=dict(in_channels=48),
        optimiser=dict(
            type='AdamW',
            lr=0.006,
            weight_decay=0.05,
            rate_of_blocks=0.1,
            schedule=(
                ('LinearLR', 0, 3000, 'iterations', 1e-6),
                ('CosineLR', 3000, 60000, 'iterations', 0.0),
            ),
        ),
    ),
]
SPARSE_UNET_S3DIS = [
    taken(
        'arXiv 2104.04687, section 4.2',
        data=dict(batch=32),
        optimiser=dict(length=(15000, 'iterations')),
    ),
    taken(
        'PointContrast, its segmentation of S3DIS',
        data_preprocessor=dict(voxel_size=0.05, features=('rgb',)),
        backbone=dict(in_channels=3),
        decode_head=dict(in_channels=96, num_classes=13),
        optimiser=dict(
            type='SGD',
            lr=0.1,
            momentum=0.9,
            dampening=0.1,
            weight_decay=0.0001,
            schedule=(('PolyLR', 0, 15000, 'iterations', (0.9, 0)),),
        ),
    ),
    S3DIS_SPLIT,
    AUGMENTATION,
    VOTES,
    S3DIS_ORDER,
    taken(S3DIS_YAML, training=dict(voxel=0.04, crop=80000, jitter=(0.005,) * 3, jitter_clip=(-0.02, 0.02))),
    ours(
        'the data of Swin3D on S3DIS; one device; a test every 5000 iterations',
        data=dict(devices=1, repeats=6),
        data_preprocessor=dict(signals=('xyz', 'rgb')),
        optimiser=dict(tested_every=5000, seed=123),
    ),
]


def few_scenes(number, repeats):
    data = ours('as many samples an epoch as of 1201 scenes', data=dict(scenes=number, repeats=repeats))
    return [*SCANNET_RGB, SMALL, data]


RECIPES = {
    'ppkt_sparse-unet34_scannet-frames': SPARSE_UNET_FRAMES,
    'ppkt_swin3d-small_scannet-frames': SWIN3D_FRAMES,
    'sparse-unet34_s3dis-seg_ppkt': SPARSE_UNET_S3DIS,
    'swin3d-small_s3dis-seg_ppkt': [*S3DIS_SMALL, taken(S3DIS_YAML, data=dict(repeats=6))],
    'swin3d-small_scannet-seg_ppkt': [*SCANNET_RGB, SMALL],
    'swin3d-small_scannet-seg_1-scenes': few_scenes(1, 7206),
    'swin3d-small_scannet-seg_5-scenes': few_scenes(5, 1441),
    'swin3d-small_scannet-seg_10-scenes': few_scenes(10, 720),
    'swin3d-small_scannet-seg_probe': [
        *SCANNET_RGB,
        SMALL,
        ours(
            'a linear layer is trained in 20 epochs, without warm-up',
            data=dict(repeats=1),
            optimiser=dict(
                schedule=(('CosineLR', 0, 20, 'epochs', 1e-6),), length=(20, 'epochs'), tested_every=20
            ),
            FreezeHook=dict(names=('backbone', 'neck')),
        ),
    ],
    'fcaf3d_swin3d-small_scannet-det_ppkt': [
        *DETECTION['fcaf3d_swin3d-small_scannet-det'],
        ours('the finest windows are those of pretraining', backbone=dict(window_sizes=(5, 7, 7, 7, 7))),
    ],
}
