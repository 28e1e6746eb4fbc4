# Rooms of S3DIS for Sonata: two large and four small crops of a room, 4 cm voxels; all areas but area 5, or
# the one that the environment variable S3DIS_TEST_AREA names. The release trains on all areas, and on 2 cm.
_base_ = ['./indoor-multi-crops.py', './s3dis-scans.py']

thin_view = [_base_.grid_sample, dict(type='NormalizeColorSigned')]
crops = dict(
    _base_.multi_crop,
    global_pipeline=[*_base_.move_view, *thin_view],
    local_pipeline=[*_base_.move_view, *_base_.color_view, *thin_view],
)
train_pipeline = [*_base_.load_points, _base_.grid_sample, crops, _base_.pack_views]
auto_scale_lr = dict(enable=False, base_batch_size=96)
train_dataloader = dict(
    batch_size=12,  # a device, of which there are eight
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
