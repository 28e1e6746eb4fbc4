"""Recipes of generated rooms: ours, chosen on rooms of another seed than those of the pages' tables."""

from math import pi

from .detection import CAGROUP3D_PARTS, FLIPS, TR3D_LEVELS, TURNS
from .segmentation import AUGMENTATION, CHUNKS, RGB, S3DIS_ORDER, VOTES
from .sources import S3DIS_SPLIT, SCANNET_SPLIT, TRIO_SPLIT, ours, split, taken

CHOSEN = 'chosen on generated rooms of another seed'
AREAS = S3DIS_SPLIT['data.trained_on'][0]


def by_iterations(rate, warm_up, length, last, weight_decay, **more):
    """AdamW, a linear rise from a tenth of the rate, one cosine."""
    schedule = (
        ('LinearLR', 0, warm_up, 'iterations', rate / 10),
        ('CosineLR', warm_up, length, 'iterations', rate * last),
    )
    numbers = dict(lr=rate, schedule=schedule, length=(length, 'iterations'), weight_decay=weight_decay)
    return ours(CHOSEN, optimiser=dict(type='AdamW', **numbers, **more), data=dict(batch=2, devices=1))


TINY = ours(
    'trains on two CPU cores within minutes',
    data_preprocessor=dict(
        voxel_size=0.1, features=('rgb', 'normal', 'offset'), signals=('xyz', 'rgb', 'normal')
    ),
    backbone=dict(
        in_channels=9,
        channels=(32, 64, 128, 192, 256),
        num_heads=(4, 8, 8, 12, 16),
        depths=(1, 2, 4, 4, 2),
        window_sizes=(5, 5, 7, 7, 7),
        quant_size=4,
        signals=('xyz', 'rgb', 'normal'),
        down_stride=2,
        stem_transformer=False,
        drop_path_rate=0.1,
    ),
    neck=dict(
        channels=(32, 64, 128, 192, 256),
        num_heads=(4, 8, 8, 12, 16),
        window_sizes=(5, 5, 7, 7, 7),
        quant_size=4,
        signals=('xyz', 'rgb', 'normal'),
        attention=False,
    ),
)
LABELLED = [
    AUGMENTATION,
    S3DIS_ORDER,
    ours(
        'crops for two cores; jitter of S3DIS',
        training=dict(voxel=0.1, crop=4000, jitter=(0.005,) * 3, jitter_clip=(-0.02, 0.02)),
        decode_head=dict(in_channels=32),
    ),
]
ROOMS_SEG = [
    TINY,
    S3DIS_SPLIT,
    *LABELLED,
    CHUNKS,
    VOTES,
    by_iterations(0.006, 100, 1400, 1e-3, 0.05, rate_of_blocks=0.25, tested_every=1400, seed=123),
    taken('S3DIS', decode_head=dict(num_classes=13)),
    ours('an epoch has no meaning to an endless sampler', data=dict(repeats=1)),
]
CLASS_WEIGHTS = ours(
    'inverse square roots of the shares of points',
    decode_head={
        'loss_decode.type': 'mmdet.CrossEntropyLoss',
        'loss_decode.avg_non_ignore': True,
        'loss_decode.class_weight': (
            (0.69, 0.56, 0.42, 1.52, 1.18, 1.57, 1.31, 1.8, 1.34, 1.29, 1.24, 2.0, 1.01)
        ),
    },
)
FEW_ROOMS = by_iterations(0.006, 30, 300, 1e-3, 0.05, tested_every=300)
PROMPTS = ours(
    'Adam moves a scale by a step of each of 256 weights', optimiser=dict(rate_of_modulation=0.01)
) | taken('arXiv 2308.09718', model=dict(norms='both'))
PAST_THE_END = ours('a training by iterations has no epochs', data=dict(repeats=50))
ROOMS_TRIO = [
    TINY,
    TRIO_SPLIT,
    *LABELLED,
    by_iterations(0.006, 100, 900, 1e-3, 0.05, rate_of_blocks=0.25, tested_every=900, seed=123),
    PROMPTS,
    PAST_THE_END,
    ours('every data set as often', data=dict(ratios=(1, 1, 1))),
    ours('names of MiniLM lie farther apart than those of CLIP', decode_head=dict(logit_scale=25.0)),
    ours('the three domains', model=dict(conditions=('Structured3D', 'ScanNet', 'S3DIS'))),
]

TINY_UNET = ours(
    'as wide as the tiny Swin3D, with a block a level',
    data_preprocessor=dict(voxel_size=0.1, features=('rgb', 'normal'), signals=('xyz', 'rgb', 'normal')),
    backbone=dict(
        in_channels=6,
        stem_channels=32,
        encoder_channels=(64, 128, 192, 256),
        decoder_channels=(192, 128, 64, 32),
        encoder_blocks=(1,) * 4,
        decoder_blocks=(1,) * 4,
    ),
)
TINY_FRAMES = [
    TINY,
    by_iterations(0.003, 50, 600, 1e-3, 0.05, rate_of_blocks=0.25, seed=0),
    ours(
        'a teacher with weights in a Python package',
        teacher={'backbone.type': 'EfficientNetLite0', 'mean': (127.0,) * 3, 'std': (128.0,) * 3},
        data=dict(repeats=1),
        training=dict(turn=(-pi, pi), scale=(0.8, 1.2), frame_flip=0.5),
    ),
]
TINY_PPKT = [
    *TINY_FRAMES,
    ours(
        'chosen with the recipe',
        teacher=dict(out_indices=(2, 3)),
        pixel_head=dict(in_channels=(112, 320), out_channels=128),
        point_head=dict(in_channels=32, out_channels=128),
        matcher=dict(max_pairs=2048),
        criterion=dict(temperature=0.07),
    ),
]
ROOM_CROPS = dict(jitter=(0.005,) * 3, jitter_clip=(-0.02, 0.02), voxel=0.1, crop=4000)
ROOM_FRAMES = ours(
    CHOSEN,
    training=dict(
        frames=(3, None),
        tolerance=0.05,
        frame_crop=((320, 240), 0.0),
        **ROOM_CROPS,
        order=(
            'LoadRGBDFrames',
            'MatchVisiblePixels',
            'CropFrames',
            'FlipFrames',
            'GlobalRotScaleTrans',
            'RandomJitterPoints',
            'GridSample',
            'SphereCrop',
        ),
    ),
)
ANY_FRAMES = ours(
    'a frame is a cloud, thinned out before its normals are estimated',
    data=dict(batch=4),
    training=dict(
        frames=(1, None),
        depth=6.0,
        frame_size=((320, 240), None),
        voxel=(0.05, 0.1),
        order=(
            'LoadRGBDFrames',
            'BackProjectFrames',
            'ResizeFrames',
            'FlipFrames',
            'GridSample',
            'EstimateNormals',
            'GlobalRotScaleTrans',
            'GridSample',
        ),
    ),
)


def boxes(length):
    return [
        RGB,
        FLIPS,
        TURNS,
        by_iterations(0.006, 50, length, 1e-2, 0.01, max_norm=10, norm_type=2, tested_every=length, seed=123),
        ours(
            CHOSEN,
            data=dict(repeats=1, empty_scenes_left_out=True),
            training=dict(crop=12000, order=('BoxKeepingCrop', 'RandomFlip3D', 'GlobalRotScaleTrans')),
            backbone=dict(
                depths=(1, 1, 2, 2),
                window_sizes=(5, 5, 5, 5),
                quant_size=4,
                down_stride=2,
                stem_transformer=False,
            ),
            test_cfg=dict(nms_pre=1000, iou_thr=0.5, score_thr=0.01),
        ),
    ]


TINY_WIDTHS = dict(channels=(16, 32, 48, 64), num_heads=(2, 4, 6, 8))
SCANNET_ROOMS = ours(
    'rare classes are drawn as often as others',
    data=dict(balanced=True),
    training=dict(
        aligned_about=2, order=('GlobalAlignment', 'BoxKeepingCrop', 'RandomFlip3D', 'GlobalRotScaleTrans')
    ),
    test=dict(aligned_about=2),
)
TINY_FCAF3D = ours(
    CHOSEN,
    data_preprocessor=dict(voxel_size=0.06),
    backbone=dict(**TINY_WIDTHS, drop_path_rate=0.0, out_indices=(1, 2, 3)),
    bbox_head={
        'in_channels': (32, 48, 64),
        'out_channels': 32,
        'pts_prune_threshold': 20000,
        'pts_assign_threshold': 27,
        'pts_center_threshold': 9,
        'bbox_loss.type': 'AxisAlignedLogIoULoss',
    },
)
TINY_TR3D = ours(
    CHOSEN,
    data_preprocessor=dict(voxel_size=0.08),
    backbone=dict(**TINY_WIDTHS, drop_path_rate=0.1, out_indices=(0, 1, 2, 3)),
    neck=dict(in_channels=(16, 32, 48, 64), out_channels=32),
    bbox_head=dict(in_channels=32, pts_center_threshold=6),
)
TINY_CAGROUP3D = ours(
    '0.3 of the mean sizes of the generated boxes; small kernels, and exact places for 16 cm voxels',
    data_preprocessor=dict(voxel_size=0.08),
    backbone=dict(
        channels=(16, 32, 64, 96), num_heads=(2, 4, 8, 8), drop_path_rate=0.0, out_indices=(0, 1, 2, 3)
    ),
    neck=dict(
        channels=(16, 32, 64, 96),
        num_heads=(2, 4, 8, 8),
        window_sizes=(5, 5, 5, 5),
        quant_size=4,
        attention=False,
        out_level=1,
    ),
    bbox_head=dict(
        in_channels=32,
        channels=32,
        kernel_size=3,
        expand_kernel_size=3,
        semantic_threshold=0.1,
        min_semantic_threshold=0.1,
        exact_places=True,
        class_sizes=(
            (0.22, 0.22, 0.36),
            (0.51, 0.51, 0.30),
            (0.16, 0.16, 0.27),
            (0.41, 0.41, 0.25),
            (0.30, 0.30, 0.18),
            (0.18, 0.18, 0.63),
            (0.28, 0.28, 0.42),
            (0.23, 0.23, 0.51),
            (0.10, 0.10, 0.17),
            (0.41, 0.41, 0.31),
            (0.32, 0.32, 0.22),
            (0.14, 0.14, 0.67),
            (0.22, 0.22, 0.51),
            (0.14, 0.14, 0.53),
            (0.15, 0.15, 0.25),
            (0.15, 0.15, 0.09),
            (0.36, 0.36, 0.20),
            (0.11, 0.11, 0.12),
        ),
    ),
    roi_head=dict(in_channels=32, channels=32, grid_size=5, kernel_size=3, fc_channels=(64,), dropout=0.0),
    train_cfg=dict(num_rois=64),
    test_cfg=dict(nms_pre=100),
)
OWN_SCANS = split('prepare_custom', 'custom_infos_train.pkl', 'custom_infos_val.pkl')
OTHER_CLASSES = ours(
    'the classes of the domain, alike',
    decode_head={
        'num_classes': 25,
        'loss_decode.type': 'mmdet.CrossEntropyLoss',
        'loss_decode.avg_non_ignore': True,
    },
)

RECIPES = {
    'swin3d-tiny_rooms-seg': [*ROOMS_SEG, CLASS_WEIGHTS],
    'supervised_swin3d-tiny_rooms': [
        *ROOMS_SEG,
        split('another domain', 'structured3d_infos_train.pkl', 'structured3d_infos_val.pkl'),
        by_iterations(0.006, 50, 600, 1e-3, 0.05, tested_every=600),
        OTHER_CLASSES,
    ],
    'supervised_swin3d-tiny_many-rooms': [
        *ROOMS_SEG,
        split('another domain', 'structured3d_infos_train.pkl', 'structured3d_infos_val.pkl'),
        by_iterations(0.006, 100, 6000, 1e-3, 0.05, tested_every=6000),
        OTHER_CLASSES,
    ],
    'swin3d-tiny_custom-seg': [
        *ROOMS_SEG,
        OWN_SCANS,
        by_iterations(0.006, 100, 600, 1e-3, 0.05, tested_every=600),
        ours('two stand for own classes', decode_head=dict(num_classes=2)),
    ],
    'tr3d_swin3d-tiny_custom-det': [
        *boxes(600),
        OWN_SCANS,
        TINY_TR3D,
        ours('two stand for own classes', bbox_head=dict(label2level=(0, 1))),
        ours('rare classes are drawn as often as others', data=dict(balanced=True)),
    ],
    'fcaf3d_swin3d-tiny_custom-det': [
        *boxes(600),
        OWN_SCANS,
        TINY_FCAF3D,
        ours(
            'two stand for own classes, whose boxes have a yaw',
            bbox_head={
                'num_classes': 2,
                'bbox_coder.type': 'MobiusBoxCoder',
                'bbox_loss.type': 'PolygonIoU3DLoss',
            },
        ),
        ours('rare classes are drawn as often as others', data=dict(balanced=True)),
    ],
    'ppt_swin3d-tiny_rooms': ROOMS_TRIO,
    'ppt_sparse-unet-tiny_rooms': [TINY_UNET, *ROOMS_TRIO[1:]],
    'ppt_swin3d-tiny_rooms_stem-tables': [
        *ROOMS_TRIO,
        ours('what the abstract of Swin3D++ names', model=dict(modules=('stem_layer',), table_scales=True)),
    ],
    'ppkt_swin3d-tiny_rooms': [
        *TINY_PPKT,
        ROOM_FRAMES,
        ours('area 5 is held out', data=dict(trained_on=AREAS)),
    ],
    'ppkt_swin3d-tiny_rooms_random-anchors': [
        *TINY_PPKT,
        ROOM_FRAMES,
        ours('area 5 is held out', data=dict(trained_on=AREAS)),
        ours('crops as the method was first compared', training=dict(crop_anchor='random')),
    ],
    'ppkt_swin3d-tiny_rooms_shuffled': [
        *TINY_PPKT,
        ROOM_FRAMES,
        ours('area 5 is held out', data=dict(trained_on=AREAS)),
        ours('the control', matcher=dict(shuffle=True)),
    ],
    'ppkt_swin3d-tiny_frames': [*TINY_PPKT, ANY_FRAMES],
    'ppt-ppkt_swin3d-tiny_rooms': [
        *TINY_PPKT,
        ROOM_FRAMES,
        PROMPTS,
        PAST_THE_END,
        ours(
            'two domains, each as often',
            data=dict(ratios=(1, 1), trained_on=('scannet_infos_train.pkl', *AREAS)),
            model=dict(conditions=('ScanNet', 'S3DIS')),
        ),
    ],
    'fcaf3d_swin3d-tiny_rooms-scannet-det': [
        *boxes(2000),
        SCANNET_SPLIT,
        SCANNET_ROOMS,
        TINY_FCAF3D,
        taken('ScanNet', bbox_head=dict(num_classes=18)),
    ],
    'fcaf3d_swin3d-tiny_rooms-s3dis-det': [
        *boxes(1600),
        S3DIS_SPLIT,
        TINY_FCAF3D,
        taken('S3DIS', bbox_head=dict(num_classes=5)),
    ],
    'tr3d_swin3d-tiny_rooms-scannet-det': [
        *boxes(1600),
        SCANNET_SPLIT,
        SCANNET_ROOMS,
        TINY_TR3D,
        taken('TR3D', bbox_head=dict(label2level=TR3D_LEVELS['scannet'])),
    ],
    'tr3d_swin3d-tiny_rooms-s3dis-det': [
        *boxes(1600),
        S3DIS_SPLIT,
        TINY_TR3D,
        taken('TR3D', bbox_head=dict(label2level=TR3D_LEVELS['s3dis'])),
    ],
    'cagroup3d_swin3d-tiny_rooms-scannet-det': [
        *boxes(1600),
        SCANNET_SPLIT,
        SCANNET_ROOMS,
        *CAGROUP3D_PARTS,
        TINY_CAGROUP3D,
    ],
}
