# ScanObjectNN PB-T50-RS, 2048 points (cfgs/fine-tuning/scan_pb.yaml in github.com/ZrrSkywalker/I2P-MAE)
_base_ = [
    '../_base_/datasets/scanobjectnn-cls.py',
    '../_base_/backbones/token-transformer.py',
    '../_base_/schedules/adamw-cosine-objects_300e.py',
    '../_base_/runtime/objects.py',
]

model = dict(
    type='ObjectClassifier',
    data_preprocessor=dict(type='ObjectPreprocessor'),
    backbone=dict(
        _base_.encoder,
        group_sizes=[32, 16, 16],
        local_radii=[0.48, 0.96, 1.92],
        init_cfg=_base_.encoder_weights,
    ),
    num_classes=15,
    pooling='concat',
)
