# ShapeNetPart (segmentation/dataset.py and main.py in github.com/ZrrSkywalker/Point-M2AE, which draws points
# with replacement)
_base_ = ['./labelled-objects.py']

data_root = 'data/shapenetcore_partanno_segmentation_benchmark_v0_normal/'
num_points = 2048
parts = dict(
    Airplane=[0, 1, 2, 3],
    Bag=[4, 5],
    Cap=[6, 7],
    Car=[8, 9, 10, 11],
    Chair=[12, 13, 14, 15],
    Earphone=[16, 17, 18],
    Guitar=[19, 20, 21],
    Knife=[22, 23],
    Lamp=[24, 25, 26, 27],
    Laptop=[28, 29],
    Motorbike=[30, 31, 32, 33, 34, 35],
    Mug=[36, 37],
    Pistol=[38, 39, 40],
    Rocket=[41, 42, 43],
    Skateboard=[44, 45, 46],
    Table=[47, 48, 49],
)

train_pipeline = [
    dict(type='NormalizeUnitSphere'),
    dict(type='PointSample', num_points=num_points),
    dict(type='GlobalRotScaleTrans', rot_range=[0.0, 0.0], scale_ratio_range=[0.8, 1.25]),
    dict(type='RandomAxisScaleShift', scale_range=(1.0, 1.0), shift=0.1),
    dict(type='PackObjectInputs'),
]
test_pipeline = [
    dict(type='NormalizeUnitSphere'),
    dict(type='PointSample', num_points=num_points),
    dict(type='PackObjectInputs'),
]
settings = dict(type='ObjectCloudDataset', data_root=data_root, layout='shapenetpart')
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(
    batch_size=16,
    num_workers=10,
    dataset=dict(settings, split='trainval', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=16, num_workers=10, dataset=dict(settings, split='test', pipeline=test_pipeline)
)
test_dataloader = val_dataloader
val_evaluator = dict(type='PartIoUMetric', parts=parts)
test_evaluator = val_evaluator
