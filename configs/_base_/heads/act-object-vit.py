# The second stage of ACT. TEACHER = teacher.pth of the first, TRANSFORMER = the transformer that it was
# trained around.
_base_ = ['../backbones/token-transformer-plain.py', './act-autoencoder-vit.py']

model = dict(
    _delete_=True,
    type='ACT',
    data_preprocessor=dict(type='ObjectPreprocessor'),
    backbone=_base_.encoder,
    decoder=_base_.decoder,
    teacher=dict(
        _base_.autoencoder,
        init_cfg=dict(
            type='StrictPretrained',
            checkpoint='{{$TEACHER:work_dirs/act_object_shapenet55-autoencoder/teacher.pth}}',
            prefix='teacher.',
        ),
    ),
    masker=dict(type='SalientCells', visible=_base_.visible, temperature=float('inf')),
    criterion=dict(type='CosineDistance', loss_weight=1.0),
)
