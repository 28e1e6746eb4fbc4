# Structured3D, 25 classes, xyz, rgb and normals: supervised pretraining.
# The original's settings are not public; numbers are those of Pointcept's aligned recipe (its issue 49;
# structured3d/semseg-swin3d-v1m1-0-small).
_base_ = ['./indoor-mix-seg.py']

data_root = 'data/structured3d/'
voxel_size = 0.02  # m
max_voxels = 120000
submission_infos = 'structured3d_infos_test.pkl'  # what `test --submission` labels; there is no test server

train_pipeline = [
    *_base_.mix_points,
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='SphereCrop', max_points=max_voxels, keep_ratio=0.8),
    dict(type='NormalizeColorSigned'),
    dict(type='Pack3DDetInputs', keys=['points', 'pts_semantic_mask']),
]
test_pipeline = [*_base_.load_points_and_normals, *_base_.evaluate_points]
tta_pipeline = [*_base_.load_points_and_normals, _base_.vote_points]

settings = dict(type='Structured3DDataset', data_root=data_root, ignore_index=_base_.ignore_index)
# 12 rooms a step: 3 on each of 4 GPUs
auto_scale_lr = dict(enable=False, base_batch_size=12)
train_dataloader = dict(
    drop_last=True,
    dataset=dict(
        type='RepeatDataset',
        times=1,
        dataset=dict(settings, ann_file='structured3d_infos_train.pkl', pipeline=train_pipeline),
    ),
)
tested = dict(settings, pipeline=test_pipeline, test_mode=True)
val_dataloader = dict(dataset=dict(tested, ann_file='structured3d_infos_val.pkl'))
test_dataloader = dict(dataset=dict(tested, ann_file='structured3d_infos_test.pkl'))
