# Swin3D-L with the FCAF3D head: windows of 7 at every level and down_stride 2, as the original's detection
# config has them (Swin3D_Task, ObjectDet/FCAF3D). Colours enter in [-1, 1] as in pretraining, not in [0, 1].
signals = ('xyz', 'rgb')
model = dict(
    type='VoxelDetector',
    data_preprocessor=dict(
        type='VoxelPreprocessor', voxel_size=0.02, features=('rgb', 'offset'), signals=signals
    ),
    backbone=dict(
        type='Swin3D',
        in_channels=6,
        channels=[80, 160, 320, 640, 640],
        depths=[2, 4, 9, 4, 4],
        num_heads=[10, 10, 20, 40, 40],
        window_sizes=[7, 7, 7, 7, 7],
        quant_size=4,
        signals=signals,
        down_stride=2,
        knn_down=True,
        stem_transformer=True,
        drop_path_rate=0.3,
        out_indices=(1, 2, 3, 4),  # 4, 8, 16 and 32 cm
    ),
    bbox_head=dict(
        type='SparseFCAF3DHead',
        num_classes=18,
        in_channels=[160, 320, 640, 640],
        out_channels=128,
        pts_prune_threshold=100000,
        pts_assign_threshold=27,
        pts_center_threshold=18,
    ),
    test_cfg=dict(nms_pre=1000, iou_thr=0.5, score_thr=0.01),
)
