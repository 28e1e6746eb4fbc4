# ShapeNet-55 for pretraining, features tested on ModelNet40 by a linear SVM (cfgs/dataset/ShapeNet-55.yaml
# and ModelNet40_SVM.yaml in github.com/ZrrSkywalker/I2P-MAE)
_base_ = ['./shapenet55-object-clouds.py']

train_pipeline = [
    dict(type='PointSample', num_points=2048),  # of 8192
    dict(type='NormalizeUnitSphere'),
    dict(type='RandomAxisScaleShift', scale_range=(2 / 3, 3 / 2), shift=0.2),
    dict(type='RenderAxisViews', size=224),
    dict(type='PackObjectInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
