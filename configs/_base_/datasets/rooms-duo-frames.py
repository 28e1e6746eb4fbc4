# Generated rooms of two domains with frames, for objectives without labels in batches of one domain each:
# for domain in scannet s3dis; do
#   python -m swin3d_mmdet3d.tools.make_rooms --domain $domain --out data/rooms_duo/$domain --rooms 60 \
#       --frames 6 --frame-size 320 240
# done
_base_ = ['./rooms-frames.py']

data_root = 'data/rooms_duo/s3dis/'  # the other one lies beside it
infos = dict(
    ScanNet=['scannet_infos_train.pkl'],
    S3DIS=[f's3dis_infos_Area_{area}.pkl' for area in (1, 2, 3, 4, 6)],
)
folders = dict(ScanNet='../scannet/', S3DIS='')
conditions = ['ScanNet', 'S3DIS']
meta_keys = ['condition', 'scene', 'lidar_path', 'skipped_samples', 'skipped_frames']

view_pipeline = [*_base_.train_pipeline[:-1], dict(type='PackPretrainInputs', meta_keys=meta_keys)]
train_dataloader = dict(
    sampler=dict(_delete_=True, type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='SingleSourceBatchSampler', ratios=[1, 1]),
    dataset=dict(
        _delete_=True,
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
