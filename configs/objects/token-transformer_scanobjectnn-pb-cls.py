# ScanObjectNN PB-T50-RS, 2048 points (cfgs/fine-tuning/scan_pb.yaml in github.com/ZrrSkywalker/I2P-MAE)
_base_ = ['../_base_/datasets/scanobjectnn-cls.py', '../_base_/methods/object-classifier.py']

model = dict(
    backbone=dict(group_sizes=[32, 16, 16], local_radii=[0.48, 0.96, 1.92]),
    num_classes=15,
    pooling='concat',
)
