# Classification of objects by the encoder of Point-M2AE; a config adds groups, radii, classes and the pooling
_base_ = [
    '../backbones/token-transformer.py',
    '../schedules/adamw-cosine-objects_300e.py',
    '../runtime/objects.py',
]

model = dict(
    type='ObjectClassifier',
    data_preprocessor=dict(type='ObjectPreprocessor'),
    backbone=dict(_base_.encoder, init_cfg=_base_.encoder_weights),
)
