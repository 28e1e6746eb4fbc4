# ScanNet, 20 classes, xyz, rgb and normals, as the released models take it.
_base_ = ['./scannet-seg.py']

train_pipeline = [*_base_.load_points_and_normals, *_base_.augment_points]
test_pipeline = [*_base_.load_points_and_normals, *_base_.evaluate_points]
tta_pipeline = [*_base_.load_points_and_normals, _base_.vote_points]
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
