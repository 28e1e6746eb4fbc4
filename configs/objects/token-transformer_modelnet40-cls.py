# ModelNet40, 1024 points (cfgs/fine-tuning/modelnet40.yaml in github.com/ZrrSkywalker/I2P-MAE)
_base_ = ['../_base_/datasets/modelnet40-cls.py', '../_base_/methods/object-classifier.py']

model = dict(
    backbone=dict(group_sizes=[48, 24, 24], local_radii=[0.24, 0.48, 0.96]),
    num_classes=40,
    pooling='sum',
    label_smoothing=0.2,
    test_cfg=dict(num_points=1024, votes=0, vote_points=1200, scale_range=(2 / 3, 3 / 2), shift=0.2),
)
