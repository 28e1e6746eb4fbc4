# TR3D as published (arXiv 2302.02858; mmdetection3d, projects/TR3D/configs/tr3d) for the classes of ScanNet;
# a config adds the backbone and its levels' widths
model = dict(
    type='VoxelDetector',
    data_preprocessor=dict(type='VoxelPreprocessor'),
    neck=dict(type='SparseTR3DNeck', out_channels=128),
    bbox_head=dict(
        type='SparseTR3DHead',
        in_channels=128,
        label2level=[0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0],
        pts_center_threshold=6,
    ),
    test_cfg=dict(nms_pre=1000, iou_thr=0.5, score_thr=0.01),
)
# Of the sparse ResNet34: boxes from 16 and 32 cm
resnet34_levels = dict(channels=[64, 128, 128, 128], stem_norm='batch')
# Of Swin3D. Nobody has published this pair: the recipe is derived. Windows and down_stride are those of
# pretraining, so that all tables load; boxes come from 12 and 24 cm.
swin3d_levels = dict(out_indices=(1, 2, 3, 4))
