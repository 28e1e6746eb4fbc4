# FCAF3D as published (arXiv 2112.00322; mmdetection3d, configs/_base_/models/fcaf3d); a config adds the
# backbone and its levels' widths
model = dict(
    type='VoxelDetector',
    data_preprocessor=dict(type='VoxelPreprocessor'),
    bbox_head=dict(
        type='SparseFCAF3DHead',
        num_classes=18,
        out_channels=128,
        pts_prune_threshold=100000,
        pts_assign_threshold=27,
        pts_center_threshold=18,
    ),
    test_cfg=dict(nms_pre=1000, iou_thr=0.5, score_thr=0.01),
)
# Of Swin3D: windows of 7 at every level and down_stride 2, as the original's detection config has them
# (Swin3D_Task, ObjectDet/FCAF3D); boxes from 4, 8, 16 and 32 cm. Colours enter in [-1, 1] as in pretraining,
# not in [0, 1].
swin3d_levels = dict(window_sizes=[7, 7, 7, 7, 7], down_stride=2, out_indices=(1, 2, 3, 4))
