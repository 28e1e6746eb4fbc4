"""What starts from a pretrained student: fine-tuning, few labels, linear probes; segmentation and boxes."""

from .detection import RECIPES as DETECTION
from .detection import TR3D_LEVELS
from .point_contrast import SGD_15K
from .rooms import CLASS_WEIGHTS, FEW_ROOMS, ROOMS_SEG, SCANNET_ROOMS, TINY, boxes
from .segmentation import (
    AUGMENTATION,
    LARGE,
    S3DIS_LARGE,
    S3DIS_ORDER,
    S3DIS_SMALL,
    S3DIS_YAML,
    SCANNET_ORDER,
    SCANNET_RGB,
    SCANNET_YAML,
    SMALL,
    VOTES,
)
from .sources import S3DIS_SPLIT, SCANNET_SPLIT, ours, taken

SPARSE_UNET = [
    taken(
        'PointContrast, its segmentation of S3DIS and ScanNet',
        data_preprocessor=dict(features=('rgb',)),
        backbone=dict(in_channels=3),
        decode_head=dict(in_channels=96),
        optimiser=SGD_15K,
    ),
    ours(
        'augmentation and crops of Swin3D; a test every 5000 iterations',
        data=dict(repeats=6),
        data_preprocessor=dict(signals=('xyz', 'rgb')),
        optimiser=dict(tested_every=5000, seed=123),
        test_cfg=dict(mode='whole'),
    ),
    AUGMENTATION,
    VOTES,
]
SPARSE_UNET_S3DIS = [
    *SPARSE_UNET,
    taken(
        'arXiv 2104.04687, section 4.2',
        data=dict(batch=32),
        optimiser=dict(length=(15000, 'iterations')),
    ),
    taken(
        'PointContrast, its segmentation of S3DIS',
        training=dict(voxel=0.05),
        data_preprocessor=dict(voxel_size=0.05),
        decode_head=dict(num_classes=13),
    ),
    S3DIS_SPLIT,
    S3DIS_ORDER,
    taken(S3DIS_YAML, training=dict(crop=80000, jitter=(0.005,) * 3, jitter_clip=(-0.02, 0.02))),
    ours('one device', data=dict(devices=1)),
]
SPARSE_UNET_SCANNET = [
    *SPARSE_UNET,
    taken(
        'PointContrast, downstream/semseg/scripts/train_scannet_ddp_ssl.sh: 2 cm, 6 scenes on each of 8 GPUs',
        data=dict(batch=48, devices=8),
        training=dict(voxel=0.02),
        data_preprocessor=dict(voxel_size=0.02),
        decode_head=dict(num_classes=20),
    ),
    SCANNET_SPLIT,
    taken(SCANNET_YAML, training=dict(crop=120000)),
    SCANNET_ORDER,
]

SWIN3D_OPTIMISER = dict(type='AdamW', weight_decay=0.05, rate_of_blocks=0.1)
Z_UP = ours('students are trained z up', data_preprocessor=dict(axes=(0, 1, 2)))
SCANNET_STUDENT = [*SCANNET_RGB, SMALL, Z_UP]
S3DIS_STUDENT = [*S3DIS_SMALL, taken(S3DIS_YAML, data=dict(repeats=6)), Z_UP]
SCANNET_LARGE = [*SCANNET_RGB, LARGE, Z_UP]
S3DIS_LARGE_STUDENT = [*S3DIS_LARGE, taken(S3DIS_YAML, data=dict(repeats=10)), Z_UP]
PROBE = ours(
    'a linear layer is trained in 20 epochs, without warm-up, at the rate of ScanNet',
    data=dict(repeats=1),
    optimiser=dict(
        lr=0.006, schedule=(('CosineLR', 0, 20, 'epochs', 1e-6),), length=(20, 'epochs'), tested_every=20
    ),
    FreezeHook=dict(names=('backbone', 'neck')),
)
ROOMS_PROBE = ours(
    'one linear layer is trained', data=dict(scenes=10), FreezeHook=dict(names=('backbone', 'neck'))
)
ROOM_BOXES = [
    *boxes(1600),
    {key: number for key, number in TINY.items() if not key.startswith('neck')},
    ours(
        'the tiny Swin3D that rooms pretrain, with the tiny TR3D',
        backbone=dict(out_indices=(0, 1, 2, 3)),
        neck=dict(in_channels=(32, 64, 128, 192), out_channels=32),
        bbox_head=dict(in_channels=32, pts_center_threshold=6),
    ),
]
PRETRAINED_WINDOWS = ours(
    'the finest windows are those of pretraining', backbone=dict(window_sizes=(5, 7, 7, 7, 7))
)


def few(groups, scenes, repeats):
    return [*groups, ours('as many samples an epoch as of all', data=dict(scenes=scenes, repeats=repeats))]


def encoder_probe(groups, width):
    """The probe of all levels of the encoder, without the numbers of the decoder."""
    kept = [{key: number for key, number in group.items() if not key.startswith('neck.')} for group in groups]
    return [*kept, ours('the sum of the widths', decode_head=dict(in_channels=width))]


def sparse_unet_probe(groups):
    """The probe of a sparse U-Net: its data and network, batch and optimiser of the probes of Swin3D."""
    kept = {
        key: number
        for group in groups
        for key, number in group.items()
        if not key.startswith('optimiser.') or key == 'optimiser.seed'
    }
    batch = ours('batch and optimiser of Swin3D', data=dict(batch=3, devices=1), optimiser=SWIN3D_OPTIMISER)
    return [kept, PROBE, batch]


def levels_of_encoder(groups):
    """The encoder probe of a sparse U-Net: all its levels."""
    levels = ours('the levels of the encoder', backbone=dict(decode=False, out_indices=(0, 1, 2, 3, 4)))
    return encoder_probe([*groups, levels], 512)


RECIPES = {
    'sparse-unet34_s3dis-seg_from-student': SPARSE_UNET_S3DIS,
    'sparse-unet34_s3dis-seg_few': [*SPARSE_UNET_S3DIS, ours('few labels', data=dict(scenes=10))],
    'sparse-unet34_s3dis-seg_probe': sparse_unet_probe(SPARSE_UNET_S3DIS),
    'sparse-unet34_s3dis-seg_encoder-probe': levels_of_encoder(sparse_unet_probe(SPARSE_UNET_S3DIS)),
    'sparse-unet34_scannet-seg_from-student': SPARSE_UNET_SCANNET,
    'sparse-unet34_scannet-seg_few': [*SPARSE_UNET_SCANNET, ours('few labels', data=dict(scenes=10))],
    'sparse-unet34_scannet-seg_probe': sparse_unet_probe(SPARSE_UNET_SCANNET),
    'sparse-unet34_scannet-seg_encoder-probe': levels_of_encoder(sparse_unet_probe(SPARSE_UNET_SCANNET)),
    'swin3d-small_scannet-seg_from-student': SCANNET_STUDENT,
    'swin3d-small_scannet-seg_few': few(SCANNET_STUDENT, 10, 720),
    'swin3d-small_scannet-seg_probe': [*SCANNET_STUDENT, PROBE],
    'swin3d-small_scannet-seg_encoder-probe': encoder_probe([*SCANNET_STUDENT, PROBE], 1104),
    'swin3d-small_s3dis-seg_from-student': S3DIS_STUDENT,
    'swin3d-small_s3dis-seg_few': few(S3DIS_STUDENT, 10, 122),
    'swin3d-small_s3dis-seg_probe': [*S3DIS_STUDENT, PROBE],
    'swin3d-small_s3dis-seg_encoder-probe': encoder_probe([*S3DIS_STUDENT, PROBE], 1104),
    'swin3d-large_scannet-seg_from-student': SCANNET_LARGE,
    'swin3d-large_scannet-seg_few': few(SCANNET_LARGE, 10, 720),
    'swin3d-large_scannet-seg_probe': [*SCANNET_LARGE, PROBE],
    'swin3d-large_scannet-seg_encoder-probe': encoder_probe([*SCANNET_LARGE, PROBE], 1840),
    'swin3d-large_s3dis-seg_from-student': S3DIS_LARGE_STUDENT,
    'swin3d-large_s3dis-seg_few': few(S3DIS_LARGE_STUDENT, 10, 204),
    'swin3d-large_s3dis-seg_probe': [*S3DIS_LARGE_STUDENT, PROBE],
    'swin3d-large_s3dis-seg_encoder-probe': encoder_probe([*S3DIS_LARGE_STUDENT, PROBE], 1840),
    'swin3d-tiny_rooms-seg_from-student': [*ROOMS_SEG, CLASS_WEIGHTS],
    'swin3d-tiny_rooms-seg_few': [
        *ROOMS_SEG,
        CLASS_WEIGHTS,
        FEW_ROOMS,
        ours('few labels', data=dict(scenes=2)),
    ],
    'swin3d-tiny_rooms-seg_probe': [*ROOMS_SEG, FEW_ROOMS, ROOMS_PROBE],
    'swin3d-tiny_rooms-seg_encoder-probe': encoder_probe([*ROOMS_SEG, FEW_ROOMS, ROOMS_PROBE], 672),
    'fcaf3d_swin3d-small_scannet-det_from-student': [
        *DETECTION['fcaf3d_swin3d-small_scannet-det'],
        PRETRAINED_WINDOWS,
    ],
    'tr3d_swin3d-small_scannet-det_from-student': DETECTION['tr3d_swin3d-small_scannet-det'],
    'tr3d_swin3d-small_s3dis-det_from-student': DETECTION['tr3d_swin3d-small_s3dis-det'],
    'tr3d_swin3d-tiny_rooms-scannet-det_from-student': [
        *ROOM_BOXES,
        SCANNET_SPLIT,
        SCANNET_ROOMS,
        taken('TR3D', bbox_head=dict(label2level=TR3D_LEVELS['scannet'])),
    ],
    'tr3d_swin3d-tiny_rooms-s3dis-det_from-student': [
        *ROOM_BOXES,
        S3DIS_SPLIT,
        taken('TR3D', bbox_head=dict(label2level=TR3D_LEVELS['s3dis'])),
    ],
}
