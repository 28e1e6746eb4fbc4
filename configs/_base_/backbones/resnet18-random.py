# ResNet-18 of 'pytorch' style as an image network that is trained, from random weights; its last map
image = dict(
    type='ImageEncoder',
    backbone=dict(type='mmdet.ResNet', depth=18, style='pytorch'),
    out_indices=(3,),
)
image_width = 512  # at 1/32 of the image
