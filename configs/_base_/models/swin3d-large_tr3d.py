# Swin3D-L with the TR3D head. Nobody has published this pair: the recipe is derived. Windows and down_stride
# are those of pretraining, so that all tables load; boxes come from 12 and 24 cm (TR3D: 16 and 32 cm).
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
        window_sizes=[5, 7, 7, 7, 7],
        quant_size=4,
        signals=signals,
        down_stride=3,
        knn_down=True,
        stem_transformer=True,
        drop_path_rate=0.3,
        out_indices=(1, 2, 3, 4),  # 6, 12, 24 and 48 cm
    ),
    neck=dict(type='SparseTR3DNeck', in_channels=[160, 320, 640, 640], out_channels=128),
    bbox_head=dict(
        type='SparseTR3DHead',
        in_channels=128,
        label2level=[0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0],
        pts_center_threshold=6,
    ),
    test_cfg=dict(nms_pre=1000, iou_thr=0.5, score_thr=0.01),
)
