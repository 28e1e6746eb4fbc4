# The convolutional baseline: TR3D as published, but for 2 cm voxels without pooling in the stem, not 1 cm
# voxels with it, so that it sees the same crops as Swin3D. Boxes come from 16 and 32 cm either way.
model = dict(
    type='VoxelDetector',
    data_preprocessor=dict(
        type='VoxelPreprocessor', voxel_size=0.02, features=('rgb', 'offset'), signals=('xyz',)
    ),
    backbone=dict(
        type='SparseResNet34',
        in_channels=6,
        channels=(64, 128, 128, 128),
        stem_norm='batch',
        pool=False,
    ),
    neck=dict(type='SparseTR3DNeck', in_channels=[64, 128, 128, 128], out_channels=128),
    bbox_head=dict(
        type='SparseTR3DHead',
        in_channels=128,
        label2level=[0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0],
        pts_center_threshold=6,
    ),
    test_cfg=dict(nms_pre=1000, iou_thr=0.5, score_thr=0.01),
)
