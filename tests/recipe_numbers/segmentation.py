"""Recipes of segmentation: Swin3D on S3DIS, ScanNet, ScanNet200 and Structured3D; PPT on three data sets.

Sources: github.com/microsoft/Swin3D; github.com/Yukichiii/Swin3D_Task (dcd0b5b), whose files stand here as
Swin3D_Task; github.com/Pointcept/Pointcept (d74c646).
"""

from math import pi

from .sources import CHROMATIC, S3DIS_SPLIT, SCANNET_SPLIT, STRUCTURED3D_SPLIT, TRIO_SPLIT, ours, taken


def rise_and_fall(peak, first, last):
    """One cycle of torch: rate up in 5 of 100 epochs and down, momentum the other way round."""
    return dict(
        lr=first,
        schedule=(
            ('CosineLR', 0, 5, 'epochs', peak),
            ('CosineLR', 5, 100, 'epochs', last),
            ('CosineMomentum', 0, 5, 'epochs', 0.85),
            ('CosineMomentum', 5, 100, 'epochs', 0.95),
        ),
    )


S3DIS_YAML = 'Swin3D_Task, SemanticSeg/config/s3dis/swin3D_RGB_{S,L}.yaml'
SCANNET_YAML = 'Swin3D_Task, SemanticSeg/config/scannetv2/swin3D_RGBN_{S,L}.yaml'
TRAIN_PY = 'Swin3D_Task, SemanticSeg/train.py, util/transform.py'

SMALL = taken(
    S3DIS_YAML,
    backbone=dict(channels=(48, 96, 192, 384, 384), num_heads=(6, 6, 12, 24, 24)),
    neck=dict(channels=(48, 96, 192, 384, 384), num_heads=(6, 6, 12, 24, 24)),
    decode_head=dict(in_channels=48),
)
LARGE = taken(
    S3DIS_YAML,
    backbone=dict(channels=(80, 160, 320, 640, 640), num_heads=(10, 10, 20, 40, 40)),
    neck=dict(channels=(80, 160, 320, 640, 640), num_heads=(10, 10, 20, 40, 40)),
    decode_head=dict(in_channels=80),
)
SWIN3D = taken(
    S3DIS_YAML,
    backbone=dict(
        depths=(2, 4, 9, 4, 4),
        window_sizes=(5, 7, 7, 7, 7),
        quant_size=4,
        drop_path_rate=0.3,
        knn_down=True,
        stem_transformer=True,
    ),
)
DECODER = taken(
    S3DIS_YAML, neck=dict(window_sizes=(5, 7, 7, 7, 7), quant_size=4, attention=True, up_k=3)
) | taken('microsoft/Swin3D, Upsample: its block has the default of BasicLayer', neck=dict(drop_path=0.1))
RGB = taken(
    S3DIS_YAML,
    data_preprocessor=dict(features=('rgb', 'offset'), signals=('xyz', 'rgb')),
    backbone=dict(in_channels=6, signals=('xyz', 'rgb')),
)
RGB_DECODER = taken(S3DIS_YAML, neck=dict(signals=('xyz', 'rgb')))
RGBN = taken(
    SCANNET_YAML,
    data_preprocessor=dict(features=('rgb', 'normal', 'offset'), signals=('xyz', 'rgb', 'normal')),
    backbone=dict(in_channels=9, signals=('xyz', 'rgb', 'normal')),
    neck=dict(signals=('xyz', 'rgb', 'normal')),
)
CHUNKS = ours(
    'labels of large scenes for less memory', test_cfg=dict(mode='chunks', chunk_size=4.0, max_voxels=400000)
)
VOTES = taken('Swin3D_Task, README: vote_num 12', test=dict(votes=tuple(range(0, 360, 30))))
ADAMW = taken(
    S3DIS_YAML,
    optimiser=dict(type='AdamW', weight_decay=0.05, rate_of_blocks=0.1, length=(100, 'epochs'), seed=123),
)
AUGMENTATION = taken(TRAIN_PY, training=dict(turn=(-pi, pi), scale=(0.8, 1.2), colour_drop=0.2))
SEGMENTATION = [SWIN3D, DECODER, CHUNKS, VOTES, ADAMW]

S3DIS_ORDER = taken(
    'Swin3D_Task, SemanticSeg/train.py, datasets/s3dis.py',
    training=dict(
        order=(
            'GlobalRotScaleTrans',
            'RandomJitterPoints',
            'GridSample',
            'SphereCrop',
            'RandomDropColor',
        )
    ),
)
S3DIS = [
    *SEGMENTATION,
    S3DIS_SPLIT,
    RGB,
    RGB_DECODER,
    AUGMENTATION,
    taken(
        S3DIS_YAML,
        data=dict(batch=3, devices=1),
        training=dict(voxel=0.04, crop=80000, jitter=(0.005,) * 3, jitter_clip=(-0.02, 0.02)),
        data_preprocessor=dict(voxel_size=0.04),
        backbone=dict(down_stride=2),
        decode_head=dict(num_classes=13),
        optimiser=dict(tested_every=2),
    ),
    S3DIS_ORDER,
    taken('yz_shift of the yaml', data_preprocessor=dict(axes=(0, 2, 1))),
]
S3DIS_SMALL = [
    *S3DIS,
    SMALL,
    taken(
        S3DIS_YAML,
        optimiser=dict(lr=0.0006, schedule=(('MultiStepLR', 0, None, 'epochs', ((60, 80), 0.1)),)),
    ),
]
S3DIS_LARGE = [
    *S3DIS,
    LARGE,
    taken(
        S3DIS_YAML,
        optimiser=dict(
            lr=0.001,
            schedule=(('LinearLR', 0, 1500, 'iterations', 1e-6), ('CosineLR', 0, 100, 'epochs', 1e-6)),
        ),
    ),
]
FROM_SCRATCH = taken('issue 16 of microsoft/Swin3D: loop 30', data=dict(repeats=30))

SCANNET_ORDER = taken(
    'Swin3D_Task, SemanticSeg/datasets/scannet_v2.py',
    training=dict(order=('GlobalRotScaleTrans', 'GridSample', 'SphereCrop', 'RandomDropColor')),
)
SCANNET = [
    *SEGMENTATION,
    SCANNET_SPLIT,
    AUGMENTATION,
    taken(
        SCANNET_YAML,
        data=dict(batch=3, devices=1, repeats=6),
        training=dict(voxel=0.02, crop=120000),
        data_preprocessor=dict(voxel_size=0.02),
        backbone=dict(down_stride=3),
        decode_head=dict(num_classes=20),
        optimiser=dict(
            lr=0.006,
            schedule=(('LinearLR', 0, 3000, 'iterations', 1e-6), ('CosineLR', 0, 100, 'epochs', 1e-6)),
            tested_every=5,
        ),
    ),
    SCANNET_ORDER,
]
SCANNET_RGB = [
    *SCANNET,
    RGB,
    RGB_DECODER,
    ours('weights with colours alone were trained y up', data_preprocessor=dict(axes=(0, 2, 1))),
]
SCANNET_RGBN = [*SCANNET, RGBN]
SCANNET200 = taken('arXiv 2204.07761, section 3: 200 classes', decode_head=dict(num_classes=200))
AXES_AS_THEY_ARE = ours('from scratch', data_preprocessor=dict(axes=(0, 1, 2)))

POINTCEPT = 'Pointcept (d74c646), configs/structured3d/semseg-swin3d-v1m1-{0-small,1-large}.py'
POINTCEPT_AUGMENTATION = dict(
    dropout=(0.2, 0.2),
    turn_z=((-pi, pi), 0.5),
    turn_x=((-pi / 64, pi / 64), 0.5),
    turn_y=((-pi / 64, pi / 64), 0.5),
    turn=(0.0, 0.0),
    scale=(0.9, 1.1),
    flip=(0.5, 0.5),
    jitter=(0.005,) * 3,
    jitter_clip=(-0.02, 0.02),
    elastic=(((0.2, 0.4), (0.8, 1.6)), 0.95),
    contrast=0.2,
    colour_shift=(0.95, 0.05),
    colour_jitter=(0.95, 0.05),
    mix=0.8,
    voxel=0.02,
)
POINTCEPT_STEPS = (
    'RandomPointDropout',
    'RandomAxisRotation',
    'RandomAxisRotation',
    'RandomAxisRotation',
    'GlobalRotScaleTrans',
    'RandomFlip3D',
    'RandomJitterPoints',
    'ElasticDistortion',
    *CHROMATIC,
)
POINTCEPT_ORDER = ours(
    'Mix3D before the crop, which then bounds mixed scenes too; the rest is as in Pointcept',
    training=dict(order=(*POINTCEPT_STEPS, 'Mix3D', 'GridSample', 'SphereCrop')),
)
ADAMW_CYCLE = taken(
    POINTCEPT,
    optimiser=dict(
        type='AdamW',
        betas=(0.95, 0.999),  # torch's OneCycleLR begins with a momentum of 0.95
        weight_decay=0.05,
        rate_of_blocks=0.1,
        length=(100, 'epochs'),
        tested_every=1,
        **rise_and_fall(peak=0.008, first=0.0008, last=8e-7),
    ),
)
STRUCTURED3D = [
    *SEGMENTATION,
    STRUCTURED3D_SPLIT,
    ADAMW_CYCLE,
    POINTCEPT_ORDER,
    taken(
        POINTCEPT,
        data=dict(batch=12),
        training=dict(**POINTCEPT_AUGMENTATION, crop=120000, crop_part=0.8),
        data_preprocessor=dict(voxel_size=0.02),
        backbone=dict(down_stride=3),
        decode_head=dict(num_classes=25),
    ),
    ours('4 GPUs hold 3 rooms each; every room once an epoch', data=dict(devices=4, repeats=1)),
]

PPT_PY = 'Pointcept, configs/s3dis/semseg-ppt-v1m1-0-s3-sc-st-spunet.py'
TRIO = [
    POINTCEPT_ORDER,
    TRIO_SPLIT,
    taken(
        PPT_PY,
        data=dict(batch=24, ratios=(4, 2, 1)),
        training=dict(**POINTCEPT_AUGMENTATION, crop_part=(0.8, None, 0.6)),
        data_preprocessor=dict(voxel_size=0.02),
        optimiser=dict(length=(100, 'epochs'), tested_every=1),
        model=dict(conditions=('Structured3D', 'ScanNet', 'S3DIS'), norms='both', prompt_channels=256),
    ),
    taken('Pointcept, README: 8 GPUs', data=dict(devices=8)),
    taken(f'{PPT_PY} for ScanNet; ours for the others', training=dict(crop=(120000, 100000, 100000))),
    ours('names of MiniLM lie farther apart than those of CLIP', decode_head=dict(logit_scale=25.0)),
    ours('loops of the data sets are their ratios; the seed is that of all recipes', data=dict(repeats=1)),
    ours('that of all recipes', optimiser=dict(seed=123)),
]
SLOW_MODULATION = ours(
    'Adam moves a scale by a step of each of 256 weights', optimiser=dict(rate_of_modulation=0.01)
)
PPT_SWIN3D = [
    SWIN3D,
    DECODER,
    RGBN,
    SMALL,
    ours('no release has Swin3D', backbone=dict(down_stride=3)),
    ADAMW_CYCLE,
    SLOW_MODULATION,
    *TRIO,
]
PPT_SPARSE_UNET = [
    *TRIO,
    taken(
        PPT_PY,
        data_preprocessor=dict(features=('rgb', 'normal')),
        backbone=dict(in_channels=6),
        decode_head=dict(in_channels=96),
        optimiser=dict(
            type='SGD',
            momentum=0.95,  # where torch's OneCycleLR begins
            nesterov=True,
            weight_decay=0.0001,
            **rise_and_fall(peak=0.05, first=0.005, last=5e-7),
        ),
    ),
]
PPT_S3DIS = [
    *PPT_SWIN3D,
    S3DIS_SPLIT,
    taken(
        S3DIS_YAML,
        data=dict(batch=3, devices=1, repeats=6),
        optimiser=rise_and_fall(peak=0.0006, first=0.00006, last=6e-8),
    ),
    ours('S3DIS alone', data=dict(ratios=(1,)), training=dict(crop=100000, crop_part=0.6)),
]

RECIPES = {
    'swin3d-small_s3dis-seg': [*S3DIS_SMALL, FROM_SCRATCH],
    'swin3d-small_s3dis-seg_finetune': [*S3DIS_SMALL, taken(S3DIS_YAML, data=dict(repeats=6))],
    'swin3d-large_s3dis-seg': [*S3DIS_LARGE, FROM_SCRATCH],
    'swin3d-large_s3dis-seg_finetune': [*S3DIS_LARGE, taken(S3DIS_YAML, data=dict(repeats=10))],
    'swin3d-small_scannet-seg': [*SCANNET_RGB, SMALL],
    'swin3d-small_scannet-seg_finetune': [*SCANNET_RGB, SMALL],
    'swin3d-large_scannet-seg': [*SCANNET_RGB, LARGE],
    'swin3d-large_scannet-seg_finetune': [*SCANNET_RGB, LARGE],
    'swin3d-small_scannet-seg_rgbn': [*SCANNET_RGBN, SMALL],
    'swin3d-small_scannet-seg_rgbn_finetune': [*SCANNET_RGBN, SMALL],
    'swin3d-large_scannet-seg_rgbn': [*SCANNET_RGBN, LARGE],
    'swin3d-large_scannet-seg_rgbn_fsdp': [
        *SCANNET_RGBN,
        LARGE,
        ours('the 3 scenes of a step on 3 GPUs', data=dict(devices=3)),
    ],
    'swin3d-large_scannet-seg_rgbn_finetune': [*SCANNET_RGBN, LARGE],
    'swin3d-small_scannet200-seg': [*SCANNET_RGB, SMALL, SCANNET200, AXES_AS_THEY_ARE],
    'swin3d-small_scannet200-seg_rgbn': [*SCANNET_RGBN, SMALL, SCANNET200],
    'swin3d-small_structured3d-seg': [*STRUCTURED3D, RGB, RGB_DECODER, SMALL],
    'swin3d-small_structured3d-seg_rgbn': [*STRUCTURED3D, RGBN, SMALL],
    'swin3d-large_structured3d-seg': [*STRUCTURED3D, RGB, RGB_DECODER, LARGE],
    'swin3d-large_structured3d-seg_rgbn': [*STRUCTURED3D, RGBN, LARGE],
    'ppt_sparse-unet34_indoor-trio': PPT_SPARSE_UNET,
    'ppt_swin3d-small_indoor-trio': PPT_SWIN3D,
    'swin3d-small_structured3d-seg_ppt': [*STRUCTURED3D, RGBN, SMALL],
    'swin3d-small_scannet-seg_ppt': [*SCANNET_RGBN, SMALL],
    'swin3d-small_s3dis-seg_ppt': PPT_S3DIS,
}
