# PPKT's 2D side (arXiv 2104.04687, sections 3.2, 4.1): the last map of a frozen ResNet-50 of ImageNet,
# 128 dimensions, temperature 0.04. A config adds the student and the width of point_head.
model = dict(
    type='PPKT',
    data_preprocessor=dict(type='ViewPreprocessor'),
    teacher=dict(
        type='FrozenImageTeacher',
        backbone=dict(
            type='mmdet.ResNet',
            depth=50,
            out_indices=(3,),
            style='pytorch',
            init_cfg=dict(type='Pretrained', checkpoint='checkpoints/resnet50_imagenet.pth'),
        ),
    ),
    point_head=dict(type='ProjectionHead', out_channels=128),
    pixel_head=dict(type='PixelProjection', in_channels=2048, out_channels=128),
    matcher=dict(type='OnePixelPerVoxel', max_pairs=4096),
    criterion=dict(type='InfoNCE', temperature=0.04),
)
