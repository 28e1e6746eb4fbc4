# Generated rooms for pretraining on distances to surfaces: a cloud a sample, 10 cm voxels, zero for normals;
# areas 1, 2, 3, 4 and 6. Rooms are turned and jittered, as by the recipes that follow; hues stay.
_base_ = ['./indoor-surfaces.py', './rooms-scans.py']

max_voxels = 4000

place_crop = [
    _base_.load_points,
    dict(type='ZeroNormals'),
    dict(type='GlobalRotScaleTrans', rot_range=[-_base_.pi, _base_.pi], scale_ratio_range=[0.8, 1.2]),
    *_base_.change_colors,
    *_base_.place_scene,
    _base_.grid_sample,
    dict(type='SphereCrop', max_points=max_voxels),
]
make_partial = [
    _base_.make_hole,
    dict(type='RandomJitterPoints', jitter_std=[0.005] * 3, clip_range=[-0.02, 0.02]),
    *_base_.pack_points,
]
train_pipeline = [*place_crop, _base_.draw_queries, *make_partial]
shuffled_pipeline = [*place_crop, _base_.draw_queries_shuffled, *make_partial]
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    dataset=dict(_base_.scans, pipeline=train_pipeline),
)
