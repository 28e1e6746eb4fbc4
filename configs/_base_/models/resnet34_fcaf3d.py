# The convolutional baseline: FCAF3D as published, but for 2 cm voxels without the stem's pooling in place of
# 1 cm voxels with it, so that it sees the same crops as Swin3D. Levels are of 8, 16, 32 and 64 cm either way.
model = dict(
    type='VoxelDetector',
    data_preprocessor=dict(
        type='VoxelPreprocessor', voxel_size=0.02, features=('rgb', 'offset'), signals=('xyz',)
    ),
    backbone=dict(type='SparseResNet34', in_channels=6, pool=False),
    bbox_head=dict(
        type='SparseFCAF3DHead',
        num_classes=18,
        in_channels=[64, 128, 256, 512],
        out_channels=128,
        pts_prune_threshold=100000,
        pts_assign_threshold=27,
        pts_center_threshold=18,
    ),
    test_cfg=dict(nms_pre=1000, iou_thr=0.5, score_thr=0.01),
)
