# Scans of ScanNet for pretraining by rendering: a fifth of the points of a scan, with rays of five of its
# frames, as prepare_rgbd_frames writes them.
# Numbers: release of PonderV2 (arXiv 2310.08586, aad65d6), pretrain-ponder-spunet-v1m1-0-base of
# configs/scannet; it draws among every tenth frame and crops nothing.
_base_ = ['./scannet-streams.py']

max_voxels = 80000

train_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadRGBDFrames', num_frames=5, max_depth=10.0),
    dict(type='MatchVisiblePixels', tolerance=0.05),  # crops then lie where frames look
    dict(type='SourceCoords'),
    dict(type='RandomAxisRotation', axis='z', angle_range=[-_base_.pi, _base_.pi], prob=0.5),
    dict(type='RandomAxisRotation', axis='x', angle_range=[-_base_.pi / 64, _base_.pi / 64], prob=0.5),
    dict(type='RandomAxisRotation', axis='y', angle_range=[-_base_.pi / 64, _base_.pi / 64], prob=0.5),
    dict(type='GlobalRotScaleTrans', rot_range=[0.0, 0.0], scale_ratio_range=[0.9, 1.1]),
    dict(type='RandomFlip3D', sync_2d=False, flip_ratio_bev_horizontal=0.5, flip_ratio_bev_vertical=0.5),
    dict(type='PositiveShift'),
    dict(type='CameraRays', rays_per_frame=256, max_depth=10.0),
    dict(type='RandomPointDropout', drop_ratio=0.8, prob=1.0),
    dict(type='GridSample', voxel_size=_base_.voxel_size),
    dict(type='SphereCrop', max_points=max_voxels),
    dict(type='CropRays'),
    dict(type='DropFrames'),
    dict(type='NormalizeColorSigned'),
    dict(type='PackPretrainInputs'),
]
auto_scale_lr = dict(enable=False, base_batch_size=32)
train_dataloader = dict(
    batch_size=8,  # a device, of which there are four
    dataset=dict(_base_.scans, type='RGBDSceneDataset', pipeline=train_pipeline),
)
