# A detector that trains on two CPU cores within minutes; for the generated rooms and for tests
signals = ('xyz', 'rgb')
model = dict(
    type='VoxelDetector',
    data_preprocessor=dict(
        type='VoxelPreprocessor', voxel_size=0.06, features=('rgb', 'offset'), signals=signals
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
        drop_path_rate=0.0,
        out_indices=(1, 2, 3),  # 12, 24 and 48 cm: of 16 cm, none may lie in a door
    ),
    bbox_head=dict(
        type='SparseFCAF3DHead',
        num_classes=18,
        in_channels=[32, 48, 64],
        out_channels=32,
        pts_prune_threshold=20000,
        pts_assign_threshold=27,
        pts_center_threshold=9,
        # by 1 - IoU alone, no board is found after 600 steps
        bbox_loss=dict(type='AxisAlignedLogIoULoss'),
    ),
    test_cfg=dict(nms_pre=1000, iou_thr=0.5, score_thr=0.01),
)
