# 2DPASS (arXiv 2207.04397) at four scales, with a ResNet-34 that is trained with the segmentor, as released
# from random weights
images = dict(
    image=dict(
        type='ImageEncoder',
        backbone=dict(type='mmdet.ResNet', depth=34, out_indices=(0, 1, 2, 3), style='pytorch'),
        out_indices=(0, 1, 2, 3),
    ),
    image_channels=[64, 128, 256, 512],
)
