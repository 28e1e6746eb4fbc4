# TR3D as published (arXiv 2302.02858; mmdetection3d, projects/TR3D/configs/tr3d): 1 cm voxels with colours
# alone, boxes from 16 and 32 cm
model = dict(
    type='VoxelDetector',
    data_preprocessor=dict(type='VoxelPreprocessor', voxel_size=0.01, features=('rgb',), signals=('xyz',)),
    backbone=dict(
        type='SparseResNet34',
        in_channels=3,
        channels=(64, 128, 128, 128),
        stem_norm='batch',
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
