# Rooms of S3DIS for Masked Scene Contrast: two crops of 60 % of a room, the first mixed with another's, 4 cm
# voxels; all areas but area 5, or the one that the environment variable S3DIS_TEST_AREA names.
_base_ = ['./indoor-mixed-crops.py', './s3dis-scans.py']

thin_view = [dict(type='PositiveShift'), _base_.grid_sample, dict(type='NormalizeColorSigned')]
another_scan = [*_base_.load_points, _base_.thin_room, _base_.crop_another, *_base_.augment_view]
mixed_view = [*_base_.augment_view, dict(type='Mix3D', pre_transform=another_scan, prob=_base_.mix_prob)]
crops = dict(
    _base_.two_crops,
    global_pipeline=[*mixed_view, *thin_view],
    local_pipeline=[*_base_.augment_view, *thin_view],
)
train_pipeline = [*_base_.load_points, _base_.thin_room, crops, _base_.pack_views]
train_dataloader = dict(
    batch_size=4,  # a device, of which there are four
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
