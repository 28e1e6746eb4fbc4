# ModelNet40 for classification (cfgs/dataset/ModelNet40.yaml and tools/runner_finetune.py in
# github.com/ZrrSkywalker/I2P-MAE). The original trains on 1024 of the 1200 points that are farthest from each
# other; here on 1024 of all.
_base_ = ['./labelled-objects.py']

data_root = 'data/ModelNet/modelnet40_normal_resampled/'
num_points = 1024

train_pipeline = [
    dict(type='PointSample', num_points=num_points),
    dict(type='NormalizeUnitSphere'),
    dict(type='RandomAxisScaleShift', scale_range=(2 / 3, 3 / 2), shift=0.2),
    dict(type='PackObjectInputs'),
]
test_pipeline = [
    dict(type='PointSample', num_points=8192),
    dict(type='NormalizeUnitSphere'),
    dict(type='PackObjectInputs'),
]
settings = dict(type='ObjectCloudDataset', data_root=data_root, layout='modelnet40-txt')
auto_scale_lr = dict(enable=False, base_batch_size=32)
train_dataloader = dict(batch_size=32, dataset=dict(settings, split='train', pipeline=train_pipeline))
val_dataloader = dict(batch_size=32, dataset=dict(settings, split='test', pipeline=test_pipeline))
test_dataloader = val_dataloader
