"""Recipes of ACT (arXiv 2212.08320) for objects: the autoencoder, its student, and both in one run."""

from math import inf

from .objects import OF_ROOMS
from .sources import ours, taken

RELEASED = 'github.com/RunpeiDong/ACT (d580115), cfgs, models and tools'
OPTIMISER = taken(
    RELEASED,
    optimiser=dict(type='AdamW', bias_decay_mult=0.0, flat_decay_mult=0.0),
    data=dict(devices=1, repeats=1),
)
SEED = ours('one for all', optimiser=dict(seed=0))
SVM = taken(
    'github.com/ZrrSkywalker/I2P-MAE, ModelNet40_SVM.yaml',
    data=dict(tested_on=('modelnet40-h5: train', 'modelnet40-h5: test')),
    test=dict(sample=1024),
)
SIZES = dict(
    channels=384,
    num_codes=8192,
    num_tokens=64,
    group_size=32,
    stem_channels=(128, 256),
    graph_channels=(128, 256, 512, 512, 1024),
    code_gain=1.0,
)
PARTS = dict(
    prompted={
        'channels': 384,
        'num_prompts': 64,
        'prompt_dropout': 0.1,
        'transformer.type': 'PretrainedTransformer',
        'transformer.folder': 'data/vit-base-patch16-384',
    },
    decoder=dict(in_channels=384, coarse_channels=1024, fold_channels=512, num_coarse=8, extent=0.05),
    chamfer=dict(squared=False),
)
TYPES = {
    'prompted.type': 'PromptedTransformer',
    'decoder.type': 'CoarseFineFolding',
    'chamfer.type': 'ChamferLoss',
    'data_preprocessor.type': 'ObjectPreprocessor',
}
AUTOENCODER = [
    OPTIMISER,
    SEED,
    SVM,
    taken(
        RELEASED,
        model=SIZES,
        **PARTS,
        data=dict(batch=64, trained_on=('shapenet55: train',)),
        training=dict(sample=1024, order=('PointSample',)),
        optimiser=dict(
            lr=0.0005,
            weight_decay=0.0005,
            rate_of_prompts=1.0,
            length=(196500, 'iterations'),
            schedule=(
                ('LinearLR', 0, 6550, 'iterations', 1e-6),
                ('CosineLR', 6550, 196500, 'iterations', 1e-7),
            ),
        ),
        schedule=dict(
            temperature=(None, 1.0, 0.0625, None, 100000), code_weight=(None, 0.0, 0.1, 10000, 110000)
        ),
    ),
]
STUDENT = [
    OPTIMISER,
    SEED,
    SVM,
    taken(
        RELEASED,
        teacher={
            **SIZES,
            **{f'{part}.{name}': value for part, own in PARTS.items() for name, value in own.items()},
            **TYPES,
        },
        backbone=dict(
            num_tokens=(64,),
            group_sizes=(32,),
            channels=(384,),
            depths=(12,),
            num_heads=6,
            local_radii=(0.0,),
            drop_path_rate=0.1,
            stem_channels=(128, 256),
        ),
        decoder=dict(channels=(384,), depths=(2,), num_heads=6, drop_path_rate=0.1),
        masker=dict(visible=13 / 64, temperature=inf),
        criterion=dict(loss_weight=1.0),
        model=dict(teacher_weight=0.0, standardize_features=False),
        data=dict(batch=128, trained_on=('shapenet55: train', 'shapenet55: test')),
        training=dict(
            sample=1024,
            axis_scale=(2 / 3, 3 / 2),
            axis_shift=0.2,
            order=('PointSample', 'RandomAxisScaleShift'),
        ),
        optimiser=dict(
            lr=0.001,
            weight_decay=0.05,
            rate_of_mask_token=1.0,
            length=(122700, 'iterations'),
            schedule=(
                ('LinearLR', 0, 4090, 'iterations', 1e-6),
                ('CosineLR', 4090, 122700, 'iterations', 1e-7),
            ),
        ),
    ),
]
ROOMS = [
    OPTIMISER,
    SEED,
    taken(
        RELEASED,
        masker=dict(temperature=inf),
        criterion=dict(loss_weight=1.0),
        training=dict(axis_scale=(2 / 3, 3 / 2), axis_shift=0.2),
        optimiser=dict(weight_decay=0.05),
        teacher={
            'prompted.prompt_dropout': 0.1,
            'prompted.type': 'PromptedTransformer',
            'decoder.type': 'CoarseFineFolding',
            'decoder.num_coarse': 8,
            'group_size': 32,
        },
    ),
    OF_ROOMS,
    ours(
        'minutes on one core',
        training=dict(sample=1024, order=('PointSample', 'RandomAxisScaleShift')),
        backbone=dict(
            num_tokens=(32,),
            group_sizes=(32,),
            channels=(96,),
            depths=(4,),
            num_heads=4,
            local_radii=(0.0,),
            stem_channels=(32, 64),
            drop_path_rate=0.05,
        ),
        decoder=dict(channels=(96,), depths=(1,), num_heads=4, drop_path_rate=0.05),
        masker=dict(visible=7 / 32),
        teacher={
            'channels': 96,
            'num_codes': 64,
            'num_tokens': 32,
            'stem_channels': (32, 64),
            'graph_channels': (32, 64, 96, 128),
            'prompted.channels': 96,
            'prompted.num_prompts': 8,
            'decoder.in_channels': 96,
            'decoder.coarse_channels': 128,
            'decoder.fold_channels': 64,
        },
        optimiser=dict(
            lr=0.002,
            rate_of_mask_token=1.0,
            length=(300, 'iterations'),
            schedule=(
                ('LinearLR', 0, 30, 'iterations', 2e-4),
                ('CosineLR', 30, 300, 'iterations', 2e-6),
            ),
        ),
    ),
    ours(
        'both stages in one run, codes that count from the start',
        model=dict(teacher_weight=1.0, standardize_features=True),
        teacher=dict(code_gain=6.0),
        schedule={
            'teacher_weight': (None, 1.0, 0.0, 149, 150),
            'teacher.temperature': (None, 1.0, 0.0625, None, 150),
            'teacher.code_weight': (None, 0.02, 0.1, None, 150),
        },
    ),
]
RANDOM = ours(
    'a plain installation holds no pretrained one',
    teacher={
        'prompted.transformer.type': 'FrozenTransformer',
        'prompted.transformer.channels': 96,
        'prompted.transformer.depth': 3,
        'prompted.transformer.num_heads': 4,
    },
)
MINILM = ours('one of a package', teacher={'prompted.transformer.type': 'MiniLMTransformer'})

RECIPES = {
    'act_object_shapenet55-autoencoder': AUTOENCODER,
    'act_object_shapenet55': STUDENT,
    'act_object_swin3d-tiny_rooms': [*ROOMS, RANDOM],
    'act_object_swin3d-tiny_rooms_minilm': [*ROOMS, MINILM],
}
