# Pairs of RGB-D frames of ScanNet that overlap by 30 %, as prepare_rgbd_frames writes them: one cloud of
# both, 2 cm voxels, images of 320 x 240 (arXiv 2104.11225; pretrain/pri3d of github.com/Sekunde/Pri3D).
_base_ = ['./scannet-streams.py']

train_pipeline = [
    dict(type='LoadRGBDFrames', num_frames=2, max_depth=10.0),
    dict(type='BackProjectFrames', max_depth=10.0),
    dict(type='GridSample', voxel_size=_base_.voxel_size),
    dict(type='MatchVisiblePixels', tolerance=0.05),
    dict(type='KeepDepth'),
    dict(type='ResizeFrames', size=(320, 240)),
    dict(type='JitterFrameColors', strength=0.4, prob=0.8),
    dict(type='GlobalRotScaleTrans', rot_range=[-_base_.pi, _base_.pi], scale_ratio_range=[0.9, 1.1]),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=_base_.voxel_size),
    dict(type='NormalizeColorSigned'),
    dict(type='PackPretrainInputs'),
]
auto_scale_lr = dict(enable=False, base_batch_size=64)
train_dataloader = dict(
    batch_size=8,  # a device, of which the release has eight
    dataset=dict(_base_.scans, type='RGBDPairDataset', min_overlap=0.3, pipeline=train_pipeline),
)
