# Objects of rooms for pretraining without images: data_root/objects, which make_objects writes, or cut out of
# the rooms of data_root where it is missing. Features are tested by a linear SVM.
_base_ = ['./endless-samples.py']

data_root = 'data/rooms/'
num_points = 1024

train_pipeline = [
    dict(type='PointSample', num_points=num_points),
    dict(type='NormalizeUnitSphere'),
    dict(type='RandomAxisScaleShift', scale_range=(2 / 3, 3 / 2), shift=0.2),
    dict(type='PackObjectInputs'),
]
test_pipeline = [
    dict(type='PointSample', num_points=num_points),
    dict(type='NormalizeUnitSphere'),
    dict(type='PackObjectInputs'),
]
settings = dict(
    type='RoomObjectDataset',
    data_root=data_root,
    train_infos=[f's3dis_infos_Area_{area}.pkl' for area in (1, 2, 3, 4, 6)],
    test_infos=['s3dis_infos_Area_5.pkl'],
)
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    drop_last=True,
    dataset=dict(settings, split='train', pipeline=train_pipeline),
)
test_dataloader = dict(
    batch_size=16,
    num_workers=2,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ConcatDataset',
        datasets=[dict(settings, split=split, pipeline=test_pipeline) for split in ('train', 'test')],
    ),
)
test_evaluator = dict(type='LinearSVMMetric')
test_cfg = dict(type='TestLoop')
