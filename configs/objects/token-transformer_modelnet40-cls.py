# ModelNet40, 1024 points (cfgs/fine-tuning/modelnet40.yaml in github.com/ZrrSkywalker/I2P-MAE)
_base_ = [
    '../_base_/datasets/modelnet40-cls.py',
    '../_base_/backbones/token-transformer.py',
    '../_base_/schedules/adamw-cosine-objects_300e.py',
    '../_base_/runtime/objects.py',
]

model = dict(
    type='ObjectClassifier',
    data_preprocessor=dict(type='ObjectPreprocessor'),
    backbone=dict(
        _base_.encoder,
        group_sizes=[48, 24, 24],
        local_radii=[0.24, 0.48, 0.96],
        init_cfg=_base_.encoder_weights,
    ),
    num_classes=40,
    pooling='sum',
    label_smoothing=0.2,
    test_cfg=dict(num_points=1024, votes=0, vote_points=1200, scale_range=(2 / 3, 3 / 2), shift=0.2),
)
