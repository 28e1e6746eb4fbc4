# Rooms of S3DIS for Masked Scene Contrast: two crops of 60 % of a room, the first mixed with another's, 4 cm
# voxels; all areas but area 5, or the one that the environment variable S3DIS_TEST_AREA names.
_base_ = ['./indoor-mixed-crops.py', './s3dis-scans.py']

max_points = 200000  # of the room, of which a crop has 60 %
keep_ratio = 0.6

thin_view = [
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=_base_.voxel_size),
    dict(type='NormalizeColorSigned'),
]
# points lie millimetres apart: thinned out, so that the crops are as large in dense rooms
thin_room = dict(type='GridSample', voxel_size=_base_.voxel_size / 2)
another_room = [
    *_base_.load_points,
    thin_room,
    dict(type='SphereCrop', max_points=int(keep_ratio * max_points), keep_ratio=keep_ratio),
    *_base_.augment_view,
]
mixed_view = [*_base_.augment_view, dict(type='Mix3D', pre_transform=another_room, prob=_base_.mix_prob)]
train_pipeline = [
    *_base_.load_points,
    thin_room,
    dict(
        type='MultiCrop',
        num_global=1,
        num_local=1,
        global_ratio=(keep_ratio, keep_ratio),
        local_ratio=(keep_ratio, keep_ratio),
        max_points=max_points,
        global_pipeline=[*mixed_view, *thin_view],
        local_pipeline=[*_base_.augment_view, *thin_view],
    ),
    _base_.pack_views,
]
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=4,  # a device, of which there are four
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
