"""Recipes of the models that travel with the package: ours, none chosen by the score of a real scan."""

from .detection import TR3D_LEVELS
from .rooms import OWN_SCANS, ROOMS_SEG, ROOMS_TRIO, SCANNET_ROOMS, TINY_TR3D, boxes, by_iterations
from .segmentation import CHROMATIC, CHUNKS, POINTCEPT_AUGMENTATION, POINTCEPT_STEPS
from .sources import S3DIS_SPLIT, SCANNET_SPLIT, ours, taken

AUGMENTATION = {key: value for key, value in POINTCEPT_AUGMENTATION.items() if key not in ('mix', 'voxel')}
ORDER = (*POINTCEPT_STEPS, 'GridSample', 'SphereCrop', 'RandomDropColor')
SEGMENTOR = [
    *ROOMS_TRIO,
    CHUNKS,
    taken('Pointcept, without Mix3D', training=AUGMENTATION),
    ours(
        'the voxels at which scans are labelled',
        data_preprocessor=dict(voxel_size=0.05),
        training=dict(
            voxel=0.05,
            crop=8000,
            order=ORDER,
        ),
    ),
    by_iterations(0.006, 100, 9000, 1e-3, 0.05, rate_of_blocks=0.25, tested_every=9000, seed=123),
    ours('a training by iterations has no epochs', data=dict(repeats=1000)),
]
ON_ESTIMATED_NORMALS = [
    *SEGMENTOR,
    by_iterations(0.003, 100, 3500, 1e-3, 0.05, tested_every=3500),
    ours(
        'half of the samples as scans without normals are',
        training=dict(
            crop=(26000, 8000),
            normals_estimated=0.5,
            order=('SphereCrop', 'EstimateNormals', *ORDER),
        ),
    ),
    ours('folded embeddings', model=dict(norms='decoupled'), optimiser=dict(rate_of_modulation=None)),
]
UNDER_ONE_PROMPT = [
    *SEGMENTOR,
    by_iterations(0.0006, 100, 1400, 1e-3, 0.05, tested_every=1400),
    ours('folded embeddings; one domain', model=dict(norms='decoupled'), data=dict(ratios=(1,))),
]

RECIPES = {
    'swin3d-tiny_custom-5cm-seg': [
        *ROOMS_SEG,
        OWN_SCANS,
        by_iterations(0.006, 100, 600, 1e-3, 0.05, tested_every=600),
        ours('two stand for own classes', decode_head=dict(num_classes=2)),
        ours(
            'as the segmentor that it starts from',
            data_preprocessor=dict(voxel_size=0.05),
            training=dict(voxel=0.05, crop=8000),
        ),
    ],
    'ppt_swin3d-tiny_rooms-5cm': SEGMENTOR,
    'ppt_swin3d-tiny_rooms-5cm_estimated': ON_ESTIMATED_NORMALS,
    'swin3d-tiny_rooms-s3dis-5cm-seg_ppt': [*UNDER_ONE_PROMPT, S3DIS_SPLIT],
    'swin3d-tiny_rooms-scannet-5cm-seg_ppt': [*UNDER_ONE_PROMPT, SCANNET_SPLIT],
    'tr3d_swin3d-tiny_rooms-scannet-det_60k': [
        *boxes(6000),
        SCANNET_SPLIT,
        SCANNET_ROOMS,
        TINY_TR3D,
        taken('TR3D', bbox_head=dict(label2level=TR3D_LEVELS['scannet'])),
        ours(
            'wider and deeper',
            backbone=dict(channels=(32, 64, 128, 192), depths=(1, 2, 2, 2), num_heads=(4, 8, 8, 12)),
            neck=dict(in_channels=(32, 64, 128, 192), out_channels=64),
            bbox_head=dict(in_channels=64),
        ),
        ours(
            'colours stray as those of cameras do',
            training=dict(
                crop=24000,
                contrast=0.2,
                colour_shift=(0.95, 0.05),
                colour_jitter=(0.95, 0.05),
                order=(
                    'GlobalAlignment',
                    'BoxKeepingCrop',
                    *CHROMATIC,
                    'RandomFlip3D',
                    'GlobalRotScaleTrans',
                ),
            ),
        ),
    ],
}
