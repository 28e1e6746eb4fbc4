# A detector that trains on two CPU cores within minutes; for the generated rooms and for tests
signals = ('xyz', 'rgb')
model = dict(
    type='VoxelDetector',
    data_preprocessor=dict(
        type='VoxelPreprocessor', voxel_size=0.08, features=('rgb', 'offset'), signals=signals
    ),
    backbone=dict(
        type='Swin3D',
        in_channels=6,
        channels=[16, 32, 48, 64],
        depths=[1, 1, 2, 2],
        num_heads=[2, 4, 6, 8],
        window_sizes=[5, 5, 5, 5],
        quant_size=4,
        signals=signals,
        down_stride=2,
        stem_transformer=False,
        drop_path_rate=0.1,
        out_indices=(0, 1, 2, 3),  # 8, 16, 32 and 64 cm
    ),
    neck=dict(type='SparseTR3DNeck', in_channels=[16, 32, 48, 64], out_channels=32),
    bbox_head=dict(
        type='SparseTR3DHead',
        in_channels=32,
        label2level=[0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0],
        pts_center_threshold=6,
    ),
    test_cfg=dict(nms_pre=1000, iou_thr=0.5, score_thr=0.01),
)
