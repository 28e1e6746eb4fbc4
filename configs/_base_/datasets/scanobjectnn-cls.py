# ScanObjectNN for classification, its hardest variant (cfgs/dataset/Scan_PB.yaml and tools/runner_finetune.py
# in github.com/ZrrSkywalker/I2P-MAE); y is up
_base_ = ['./labelled-objects.py']

pi = 3.141592653589793
data_root = 'data/ScanObjectNN/'
num_points = 2048

train_pipeline = [
    dict(type='PointSample', num_points=num_points),
    dict(type='RandomAxisScaleShift', scale_range=(0.9, 1.1), shift=0.0),
    dict(type='RandomAxisRotation', axis='y', angle_range=[-pi, pi]),
    dict(type='PackObjectInputs'),
]
test_pipeline = [dict(type='PointSample', num_points=num_points), dict(type='PackObjectInputs')]
settings = dict(type='ObjectCloudDataset', data_root=data_root, layout='scanobjectnn-pb-t50-rs')
auto_scale_lr = dict(enable=False, base_batch_size=32)
train_dataloader = dict(batch_size=32, dataset=dict(settings, split='train', pipeline=train_pipeline))
val_dataloader = dict(batch_size=32, dataset=dict(settings, split='test', pipeline=test_pipeline))
test_dataloader = val_dataloader
