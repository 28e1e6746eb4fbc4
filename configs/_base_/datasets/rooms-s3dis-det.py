# Generated rooms in the layout of S3DIS, boxes of 5 classes, xyz and rgb; area 5 is held out:
# python -m swin3d_mmdet3d.tools.make_rooms --domain s3dis \
#     --out data/rooms_s3dis --rooms 120 --points 30000
_base_ = ['./rooms-det.py']

data_root = 'data/rooms_s3dis/'
train_areas = (1, 2, 3, 4, 6)

train_pipeline = [*_base_.load_points, _base_.crop_points, *_base_.augment_points]
test_pipeline = [dict(type='LoadColoredPoints'), *_base_.pack_points]  # whole scenes with all their points

settings = dict(type='S3DISDetDataset', data_root=data_root)
train_sets = [
    dict(settings, **_base_.trained, ann_file=f's3dis_infos_Area_{area}.pkl', pipeline=train_pipeline)
    for area in train_areas
]
train_dataloader = dict(
    dataset=dict(type='RepeatDataset', times=1, dataset=dict(type='ConcatDataset', datasets=train_sets))
)
val_dataloader = dict(
    dataset=dict(settings, **_base_.tested, ann_file='s3dis_infos_Area_5.pkl', pipeline=test_pipeline)
)
test_dataloader = val_dataloader
