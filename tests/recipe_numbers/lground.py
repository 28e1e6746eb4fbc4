"""Recipes of LGround (arXiv 2204.07761), and fine-tuning on ScanNet200.

Source: github.com/RozDavid/LanguageGroundedSemseg (3af87e9), whose files stand here as LGround.
"""

from math import pi

from .rooms import ROOMS_SEG, by_iterations
from .segmentation import SCANNET_RGB, SMALL, VOTES
from .sources import CHROMATIC, SCANNET_SPLIT, ours, split, taken

CONFIG = 'LGround, config/config.py'
MODEL = taken(
    CONFIG,
    decode_head={
        'loss_decode.type': 'AnchorMarginLoss',
        'loss_decode.pos_margin': 0.0,
        'loss_decode.neg_margin': 0.6,
        'loss_decode.num_negatives': 3,
        'loss_decode.neg_weight': 1.0,
    },
)
ROOMS = [
    *ROOMS_SEG,
    split('another domain', 'structured3d_infos_train.pkl', 'structured3d_infos_val.pkl'),
    by_iterations(0.006, 50, 600, 1e-3, 0.05, tested_every=600),
    {'decode_head.num_classes': (None, 'the names')},
    MODEL,
]
SWIN3D = [*SCANNET_RGB, SMALL, ours('from scratch', data_preprocessor=dict(axes=(0, 1, 2)))]
ELASTIC = taken(
    'LGround, lib/dataset.py, lib/datasets/scannet.py, config/config.py',
    training=dict(
        elastic=(((0.2, 0.4), (0.8, 1.6)), 0.95),
        turn_x=((-pi / 64, pi / 64), None),
        turn_y=((-pi / 64, pi / 64), None),
        turn_z=((-pi, pi), None),
        turn=(0.0, 0.0),
        scale=(0.9, 1.1),
        flip=(0.5, 0.5),
        contrast=0.2,
        colour_shift=(0.95, 0.1),
        colour_jitter=(0.95, 0.05),
        voxel=0.02,
        order=(
            'ElasticDistortion',
            'RandomAxisRotation',
            'RandomAxisRotation',
            'RandomAxisRotation',
            'GlobalRotScaleTrans',
            'RandomFlip3D',
            *CHROMATIC,
            'GridSample',
            'SphereCrop',
        ),
    ),
)
SPARSE_UNET200 = [
    SCANNET_SPLIT,
    VOTES,
    ELASTIC,
    taken(
        CONFIG,
        data=dict(batch=8, devices=2, repeats=1),
        optimiser=dict(
            type='SGD',
            lr=0.05,
            momentum=0.9,
            dampening=0.1,
            weight_decay=0.0001,
            schedule=(('MultiStepLR', 0, None, 'epochs', ((120, 150), 0.3)),),
            length=(400, 'epochs'),
        ),
        backbone=dict(in_channels=3),
        data_preprocessor=dict(voxel_size=0.02, features=('rgb',)),
    ),
    ours('scans of 120,000 voxels in place of batches of 1.4 million points', training=dict(crop=120000)),
    ours(
        'it reads no signal; ten tests',
        data_preprocessor=dict(signals=('xyz', 'rgb')),
        optimiser=dict(tested_every=10, seed=123),
        test_cfg=dict(mode='whole'),
        decode_head=dict(in_channels=96),
    ),
]
CLASSES = taken('arXiv 2204.07761, section 3: 200 classes', decode_head=dict(num_classes=200))
PASTED = taken(CONFIG, training=dict(pasted=(5, 50)))
BALANCED = taken(
    CONFIG,
    decode_head={
        'loss_decode.type': 'ClassBalancedFocalLoss',
        'loss_decode.num_classes': 200,
        'loss_decode.gamma': 2.0,
    },
)


def pasted(groups):
    """Numbers of a recipe whose pipeline begins with pasted objects."""
    numbers = {}
    for group in groups:
        numbers.update(group)
    order, source = numbers['training.order']
    return [*groups, PASTED, BALANCED, {'training.order': (('InstancePaste', *order), source)}]


RECIPES = {
    'lground_swin3d-tiny_rooms': ROOMS,
    'lground_swin3d-tiny_rooms_other-names': ROOMS,
    'lground_swin3d-tiny_rooms_shuffled': [
        *ROOMS,
        ours('the control', decode_head={'loss_decode.shuffle': True}),
    ],
    'lground_swin3d-small_scannet200': [
        *SWIN3D,
        {'decode_head.num_classes': (None, 'the names')},
        MODEL,
    ],
    'lground_sparse-unet34_scannet200': [*SPARSE_UNET200, MODEL],
    'swin3d-small_scannet200-seg_from-student': [*SWIN3D, CLASSES],
    'sparse-unet34_scannet200-seg_from-student': [*SPARSE_UNET200, CLASSES],
    'swin3d-small_scannet200-seg_balanced': pasted([*SWIN3D, CLASSES]),
    'sparse-unet34_scannet200-seg_balanced': pasted([*SPARSE_UNET200, CLASSES]),
}
