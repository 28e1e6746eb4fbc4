# FCAF3D on a tiny Swin3D, for two CPU cores
_base_ = ['../backbones/swin3d-tiny-det.py', './fcaf3d.py']

model = dict(
    data_preprocessor=dict(voxel_size=0.06, **_base_.inputs),
    # 12, 24 and 48 cm: of 16 cm, none may lie in a door
    backbone=dict(_base_.encoder, drop_path_rate=0.0, out_indices=(1, 2, 3)),
    bbox_head=dict(
        in_channels=[32, 48, 64],
        out_channels=32,
        pts_prune_threshold=20000,
        pts_center_threshold=9,
        # by 1 - IoU alone, no board is found after 600 steps
        bbox_loss=dict(type='AxisAlignedLogIoULoss'),
    ),
)
