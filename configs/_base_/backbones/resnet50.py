# ResNet-50 of torchvision's form ('pytorch' style) as an image network that is trained, from ImageNet
image = dict(
    type='ImageEncoder',
    backbone=dict(
        type='mmdet.ResNet',
        depth=50,
        style='pytorch',
        init_cfg=dict(type='Pretrained', checkpoint='checkpoints/resnet50_imagenet.pth'),
    ),
    out_indices=(0, 1, 2, 3),
)
image_widths = [256, 512, 1024, 2048]  # of its maps at 1/4, 1/8, 1/16 and 1/32 of the image
