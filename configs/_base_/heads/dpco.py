# DPCo (arXiv 2207.04997; github.com/lilanxiao/Invar3D): a depth network from random weights, codes of 128, a
# queue of 32,768 keys of each format, 512 pairs of places a frame, temperature 0.07, both terms alike. A
# config adds the student and the width of its features.
code = dict(type='ProjectionHead', hidden_channels=512, out_channels=128, num_layers=2, norm=False)
model = dict(
    type='DPCo',
    data_preprocessor=dict(type='ViewPreprocessor'),
    depth=dict(
        type='ImageEncoder',
        backbone=dict(type='mmdet.ResNet', depth=34, out_indices=(1, 2, 3), norm_eval=False),
        out_indices=(0, 1, 2),
        mean=[0.0, 0.0, 0.0],
        std=[8.0, 8.0, 8.0],  # metres
    ),
    cloud_code=code,
    depth_code=dict(in_channels=128 + 256 + 512, **code),
    point_head=dict(type='ProjectionHead', out_channels=128),
    pixel_head=dict(type='PixelProjection', in_channels=[128, 256, 512], out_channels=128),
    queue=dict(type='QueueNCE', size=32768, channels=128, temperature=0.07, loss_weight=0.5),
    criterion=dict(type='InfoNCE', temperature=0.07, symmetric=True, loss_weight=0.5),
    matcher=dict(type='OnePixelPerVoxel', max_pairs=512),
    momentum=0.999,
)
