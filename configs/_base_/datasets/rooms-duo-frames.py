# Generated rooms of two domains with frames, for objectives without labels in batches of one domain each:
# for domain in scannet s3dis; do
#   python -m swin3d_mmdet3d.tools.make_rooms --domain $domain --out data/rooms_duo/$domain --rooms 60 \
#       --frames 6 --frame-size 320 240
# done
pi = 3.141592653589793
data_root = 'data/rooms_duo/s3dis/'  # the other one lies beside it
voxel_size = 0.1  # m
max_voxels = 4000
infos = dict(
    ScanNet=['scannet_infos_train.pkl'],
    S3DIS=[f's3dis_infos_Area_{area}.pkl' for area in (1, 2, 3, 4, 6)],
)
folders = dict(ScanNet='../scannet/', S3DIS='')
conditions = ['ScanNet', 'S3DIS']
meta_keys = ['condition', 'scene', 'lidar_path', 'skipped_samples', 'skipped_frames']

view_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadNormals'),
    dict(type='LoadRGBDFrames', num_frames=3),
    dict(type='MatchVisiblePixels', tolerance=0.05),
    dict(type='CropFrames', size=(320, 240), min_kept=0.0),
    dict(type='FlipFrames', prob=0.5),
    dict(type='GlobalRotScaleTrans', rot_range=[-pi, pi], scale_ratio_range=[0.8, 1.2]),
    dict(type='RandomJitterPoints', jitter_std=[0.005] * 3, clip_range=[-0.02, 0.02]),
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='SphereCrop', max_points=max_voxels),
    dict(type='NormalizeColorSigned'),
    dict(type='PackPretrainInputs', meta_keys=meta_keys),
]
auto_scale_lr = dict(enable=False, base_batch_size=2)
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='SingleSourceBatchSampler', ratios=[1, 1]),
    dataset=dict(
        type='ConcatDataset',
        datasets=[
            # repeated past the end of the training, which goes by iterations
            dict(
                type='RepeatDataset',
                times=50,
                dataset=dict(
                    type='RGBDSceneDataset',
                    data_root=data_root + folders[name],
                    ann_file=infos[name],
                    pipeline=[dict(type='SetCondition', condition=name), *view_pipeline],
                ),
            )
            for name in conditions
        ],
    ),
)
