# ShapeNet-55 for the autoencoder of ACT, as the objects are (cfgs/autoencoder/*.yaml in
# github.com/RunpeiDong/ACT); features tested on ModelNet40 by a linear SVM
_base_ = ['./endless-samples.py']

data_root = 'data/ShapeNet55-34/'
svm_root = f'{data_root}../modelnet40_ply_hdf5_2048/'

train_pipeline = [
    dict(type='PointSample', num_points=1024),  # of 8192
    dict(type='NormalizeUnitSphere'),
    dict(type='PackObjectInputs'),
]
test_pipeline = [dict(type='PointSample', num_points=1024), dict(type='PackObjectInputs')]
settings = dict(type='ObjectCloudDataset', data_root=data_root, layout='shapenet55', pipeline=train_pipeline)
tested = dict(type='ObjectCloudDataset', data_root=svm_root, layout='modelnet40-h5', pipeline=test_pipeline)
auto_scale_lr = dict(enable=False, base_batch_size=64)
train_dataloader = dict(
    batch_size=64,
    num_workers=8,
    drop_last=True,
    dataset=dict(settings, split='train'),
)
test_dataloader = dict(
    batch_size=64,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ConcatDataset', datasets=[dict(tested, split=split) for split in ('train', 'test')]),
)
test_evaluator = dict(type='LinearSVMMetric', published_penalty=0.0093)
test_cfg = dict(type='TestLoop')
