# The heads of CAGroup3D for the 18 classes of ScanNet (arXiv 2210.04264); a config adds backbone and decoder
# Metres, in the order of the data set's classes: the table of cagroup_head.py (Haiyang-W/CAGroup3D),
# 0.3 of VoteNet's mean sizes of the classes' boxes. The cells are half as long, within 0.04 .. 1 m.
class_sizes = [
    [0.2309, 0.2435, 0.2777],  # cabinet
    [0.5631, 0.5528, 0.3579],  # bed
    [0.1840, 0.1845, 0.2155],  # chair
    [0.4187, 0.4536, 0.2503],  # sofa
    [0.2938, 0.3203, 0.1899],  # table
    [0.1595, 0.1787, 0.5250],  # door
    [0.2887, 0.2174, 0.3445],  # window
    [0.2497, 0.3147, 0.5063],  # bookshelf
    [0.0634, 0.1262, 0.1612],  # picture
    [0.4332, 0.5691, 0.0810],  # counter
    [0.3088, 0.4212, 0.2627],  # desk
    [0.4130, 0.1966, 0.5044],  # curtain
    [0.1995, 0.2133, 0.3897],  # refrigerator
    [0.1260, 0.1137, 0.5254],  # shower curtain
    [0.1781, 0.1774, 0.2218],  # toilet
    [0.1526, 0.1520, 0.0904],  # sink
    [0.3453, 0.3164, 0.1491],  # bathtub
    [0.1426, 0.1477, 0.1741],  # garbage bin
]
model = dict(
    type='TwoStageVoxelDetector',
    # offsets before colours, as Swin3D_Task has them for CAGroup3D; its colours lie in +-0.9999, ours in +-1
    data_preprocessor=dict(type='VoxelPreprocessor', features=('offset', 'rgb'), signals=('xyz', 'rgb')),
    bbox_head=dict(
        type='CAGroup3DHead',
        num_classes=18,
        channels=64,
        class_sizes=class_sizes,
        kernel_size=9,
        expand_kernel_size=5,
        expand=3,
        pts_center_threshold=18,
        semantic_threshold=0.15,
        min_semantic_threshold=0.05,
    ),
    roi_head=dict(
        type='CAGroup3DRoIHead',
        num_classes=18,
        in_channels=64,
        channels=128,
        grid_size=7,
        kernel_size=5,
        fc_channels=[256, 256],
        dropout=0.3,
    ),
    train_cfg=dict(num_rois=128, foreground_fraction=0.9, foreground_iou=0.3),
    test_cfg=dict(nms_pre=1000, iou_thr=0.5, score_thr=0.01),
)
