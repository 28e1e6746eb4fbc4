# Rooms of S3DIS for pretraining on distances to surfaces: all areas but area 5, or the one that the
# environment variable S3DIS_TEST_AREA names. The paper's scenes are those of ScanNet alone.
_base_ = ['./indoor-surfaces.py']

data_root = 'data/s3dis/'
voxel_size = 0.04  # m
max_voxels = 60000
test_area = int('{{$S3DIS_TEST_AREA:5}}')

train_pipeline = [
    _base_.load_points,
    dict(type='GlobalRotScaleTrans', rot_range=[-_base_.pi, _base_.pi], scale_ratio_range=[0.9, 1.1]),
    *_base_.change_colors,
    *_base_.place_scene,
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='SphereCrop', max_points=max_voxels),
    _base_.draw_queries,
    _base_.make_hole,
    # 0.005 of the edge of its pieces, 3 m
    dict(type='RandomJitterPoints', jitter_std=[0.015] * 3, clip_range=[-0.03, 0.03]),
    *_base_.pack_points,
]
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=4,  # a device, of which there are four
    dataset=dict(
        type='S3DISWholeSceneDataset',
        data_root=data_root,
        ann_file=[f's3dis_infos_Area_{area}.pkl' for area in range(1, 7) if area != test_area],
        pipeline=train_pipeline,
    ),
)
