"""Recipes of networks of single objects: I2P-MAE (arXiv 2212.06785) and what starts from its student."""

from math import pi

from .sources import ours, taken

RELEASED = 'github.com/ZrrSkywalker/I2P-MAE, cfgs and tools'
SEGMENTATION = 'github.com/ZrrSkywalker/Point-M2AE, segmentation'
ENCODER = taken(
    RELEASED,
    backbone=dict(
        num_tokens=(512, 256, 64),
        group_sizes=(16, 8, 8),
        channels=(96, 192, 384),
        depths=(5, 5, 5),
        num_heads=6,
        drop_path_rate=0.1,
        stem_channels=(128, 256),
        local_radii=(0.0, 0.0, 0.0),
    ),
)
NO_DECAY = taken(
    RELEASED, optimiser=dict(type='AdamW', weight_decay=0.05, bias_decay_mult=0.0, flat_decay_mult=0.0)
)
AUGMENTED = taken(RELEASED, training=dict(axis_scale=(2 / 3, 3 / 2), axis_shift=0.2))
PRETRAINED = [
    NO_DECAY,
    AUGMENTED,
    taken(
        RELEASED,
        model=dict(num_views=3, point_weight=1.0, feature_weight=1.0),
        chamfer=dict(squared=True, loss_weight=1.0),
        masker=dict(temperature=1.0),
    ),
    ours('standardised, or all tokens have nearly one chance', masker=dict(standardize=True)),
    ours('one for all weights of the mask token', optimiser={'rate_of_mask_token': 1.0, 'seed': 0}),
    taken(RELEASED, data=dict(devices=1, repeats=1)),
]
SHAPENET = [
    ENCODER,
    *PRETRAINED,
    taken(
        RELEASED,
        data=dict(
            batch=64,
            trained_on=('shapenet55: train',),
            tested_on=('modelnet40-h5: train', 'modelnet40-h5: test'),
        ),
        training=dict(
            sample=2048,
            images=224,
            order=('PointSample', 'RandomAxisScaleShift', 'RenderAxisViews'),
        ),
        test=dict(sample=1024),
        decoder=dict(channels=(384, 192), depths=(1, 1), num_heads=6, drop_path_rate=0.1),
        teacher={
            'out_indices': (0, 1),
            'backbone.type': 'TransformersViT',
            'backbone.saliency': True,
            'backbone.folder': 'data/clip-vit-base-patch16',
        },
        masker=dict(visible=13 / 64),
        model=dict(feature_channels=512, normalize_features=False),
        optimiser=dict(
            lr=0.001,
            length=(196500, 'iterations'),
            schedule=(
                ('LinearLR', 0, 6550, 'iterations', 1e-6),
                ('CosineLR', 6550, 262000, 'iterations', 1e-6),
            ),
        ),
    ),
]
OF_ROOMS = ours(
    'minutes on one core',
    data=dict(
        batch=16,
        trained_on=('objects of rooms: train',),
        tested_on=('objects of rooms: train', 'objects of rooms: test'),
    ),
    test=dict(sample=1024),
)
ROOMS = [
    *PRETRAINED,
    OF_ROOMS,
    ours(
        'minutes on one core',
        training=dict(
            sample=1024, images=64, order=('PointSample', 'RandomAxisScaleShift', 'RenderAxisViews')
        ),
        backbone=dict(
            num_tokens=(256, 128, 32),
            group_sizes=(16, 8, 8),
            channels=(48, 96, 192),
            depths=(1, 1, 2),
            num_heads=4,
            stem_channels=(32, 64),
            drop_path_rate=0.05,
        ),
        decoder=dict(channels=(192, 96), depths=(1, 1), num_heads=4, drop_path_rate=0.05),
        teacher={
            'backbone.type': 'EfficientNetLite0',
            'out_indices': (2,),
            'mean': (127.0, 127.0, 127.0),
            'std': (128.0, 128.0, 128.0),
        },
        masker=dict(visible=7 / 32),
        model=dict(feature_channels=112, normalize_features=True),
        optimiser=dict(
            lr=0.001,
            length=(300, 'iterations'),
            schedule=(
                ('LinearLR', 0, 30, 'iterations', 1e-4),
                ('CosineLR', 30, 300, 'iterations', 1e-6),
            ),
        ),
    ),
]


def fine_tuned(rate):
    return taken(
        RELEASED,
        data=dict(devices=1, repeats=1),
        optimiser=dict(
            lr=rate,
            max_norm=10,
            norm_type=2,
            length=(300, 'epochs'),
            schedule=(('LinearLR', 0, 10, 'epochs', 1e-6), ('CosineLR', 10, 300, 'epochs', 1e-6)),
        ),
    )


ONE_TEST = ours('the test set chooses no epoch', optimiser=dict(tested_every=300, seed=0))
CLASSIFIER = [
    ENCODER,
    NO_DECAY,
    ONE_TEST,
    fine_tuned(0.0005),
    taken(RELEASED, data=dict(batch=32), model=dict(hidden_channels=256, dropout=0.5)),
]


def object_sets(layout, trained='train'):
    return taken(
        RELEASED,
        data={
            'trained_on': (f'{layout}: {trained}',),
            'validated_on': (f'{layout}: test',),
            'tested_on': (f'{layout}: test',),
        },
    )


MODELNET = [
    *CLASSIFIER,
    AUGMENTED,
    object_sets('modelnet40-txt'),
    taken(
        RELEASED,
        backbone=dict(group_sizes=(48, 24, 24), local_radii=(0.24, 0.48, 0.96)),
        model=dict(num_classes=40, pooling='sum', label_smoothing=0.2),
        test_cfg=dict(num_points=1024, vote_points=1200, scale_range=(2 / 3, 3 / 2), shift=0.2),
        training=dict(sample=1024, order=('PointSample', 'RandomAxisScaleShift')),
        test=dict(sample=8192),
    ),
    ours('voting is asked for', test_cfg=dict(votes=0)),
]
FEW_SHOTS = taken('datasets/generate_few_shot_data.py', backbone={}, model=dict(num_classes=5))


def scan_objects(variant, radii):
    return [
        *CLASSIFIER,
        object_sets(f'scanobjectnn-{variant}'),
        taken(
            RELEASED,
            backbone=dict(group_sizes=(32, 16, 16), local_radii=radii),
            model=dict(num_classes=15, pooling='concat', label_smoothing=0.0),
            training=dict(
                sample=2048,
                axis_scale=(0.9, 1.1),
                axis_shift=0.0,
                turn_y=((-pi, pi), None),
                order=('PointSample', 'RandomAxisScaleShift', 'RandomAxisRotation'),
            ),
            test=dict(sample=2048),
        ),
    ]


PARTS = [
    ENCODER,
    NO_DECAY,
    ONE_TEST,
    fine_tuned(0.0002),
    object_sets('shapenetpart', 'trainval'),
    taken(
        SEGMENTATION,
        data=dict(batch=16),
        backbone=dict(local_radii=(0.32, 0.64, 1.28)),
        model=dict(
            level_channels=(1536, 1024), category_channels=64, head_channels=(1024, 512, 256), dropout=0.5
        ),
        parts=dict(
            Airplane=(0, 1, 2, 3),
            Bag=(4, 5),
            Cap=(6, 7),
            Car=(8, 9, 10, 11),
            Chair=(12, 13, 14, 15),
            Earphone=(16, 17, 18),
            Guitar=(19, 20, 21),
            Knife=(22, 23),
            Lamp=(24, 25, 26, 27),
            Laptop=(28, 29),
            Motorbike=(30, 31, 32, 33, 34, 35),
            Mug=(36, 37),
            Pistol=(38, 39, 40),
            Rocket=(41, 42, 43),
            Skateboard=(44, 45, 46),
            Table=(47, 48, 49),
        ),
        training=dict(
            sample=2048,
            turn=(0.0, 0.0),
            scale=(0.8, 1.25),
            axis_scale=(1.0, 1.0),
            axis_shift=0.1,
            order=('PointSample', 'GlobalRotScaleTrans', 'RandomAxisScaleShift'),
        ),
        test=dict(sample=2048),
    ),
]


RECIPES = {
    'i2p_mae_object_shapenet55': SHAPENET,
    'i2p_mae_object_swin3d-tiny_rooms': ROOMS,
    'token-transformer_modelnet40-cls': MODELNET,
    'token-transformer_modelnet40-cls_few-shot': [*MODELNET, FEW_SHOTS],
    'token-transformer_scanobjectnn-obj-bg-cls': scan_objects('obj-bg', (0.32, 0.64, 1.28)),
    'token-transformer_scanobjectnn-obj-only-cls': scan_objects('obj-only', (0.32, 0.64, 1.28)),
    'token-transformer_scanobjectnn-pb-cls': scan_objects('pb-t50-rs', (0.48, 0.96, 1.92)),
    'token-transformer_shapenetpart-seg': PARTS,
}
