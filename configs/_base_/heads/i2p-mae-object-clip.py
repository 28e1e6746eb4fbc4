# I2P-MAE on objects as published, guided by CLIP ViT-B/16. CLIP = a local folder of the transformers library.
_base_ = ['../backbones/token-transformer.py']

model = dict(
    type='I2PMAEObject',
    data_preprocessor=dict(type='ObjectPreprocessor'),
    backbone=_base_.encoder,
    decoder=_base_.decoder,
    teacher=dict(
        type='FrozenImageTeacher',
        backbone=dict(type='TransformersViT', folder='{{$CLIP:data/clip-vit-base-patch16}}', saliency=True),
        out_indices=(0, 1),  # patch features, attention of the class token
    ),
    saliency=dict(type='AttentionSaliency'),
    masker=dict(type='SalientCells', visible=_base_.visible),
    feature_channels=512,
    chamfer=dict(type='ChamferLoss', squared=True),
)
