# ShapeNet-55 for pretraining, features tested on ModelNet40 by a linear SVM (cfgs/dataset/ShapeNet-55.yaml
# and ModelNet40_SVM.yaml in github.com/ZrrSkywalker/I2P-MAE)
_base_ = ['./endless-samples.py']

data_root = 'data/ShapeNet55-34/'
svm_root = f'{data_root}../modelnet40_ply_hdf5_2048/'

train_pipeline = [
    dict(type='PointSample', num_points=2048),  # of 8192
    dict(type='NormalizeUnitSphere'),
    dict(type='RandomAxisScaleShift', scale_range=(2 / 3, 3 / 2), shift=0.2),
    dict(type='RenderAxisViews', size=224),
    dict(type='PackObjectInputs'),
]
test_pipeline = [dict(type='PointSample', num_points=1024), dict(type='PackObjectInputs')]
auto_scale_lr = dict(enable=False, base_batch_size=64)
train_dataloader = dict(
    batch_size=64,
    num_workers=8,
    drop_last=True,
    dataset=dict(
        type='ObjectCloudDataset',
        data_root=data_root,
        layout='shapenet55',
        split='train',
        pipeline=train_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=64,
    num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='ConcatDataset',
        datasets=[
            dict(
                type='ObjectCloudDataset',
                data_root=svm_root,
                layout='modelnet40-h5',
                split=split,
                pipeline=test_pipeline,
            )
            for split in ('train', 'test')
        ],
    ),
)
test_evaluator = dict(type='LinearSVMMetric', published_penalty=0.0093)
test_cfg = dict(type='TestLoop')
