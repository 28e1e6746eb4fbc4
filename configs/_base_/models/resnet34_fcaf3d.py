# FCAF3D as published (arXiv 2112.00322; mmdetection3d, configs/_base_/models/fcaf3d): 1 cm voxels with
# colours alone, boxes from 8, 16, 32 and 64 cm
model = dict(
    type='VoxelDetector',
    data_preprocessor=dict(type='VoxelPreprocessor', voxel_size=0.01, features=('rgb',), signals=('xyz',)),
    backbone=dict(type='SparseResNet34', in_channels=3),
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
