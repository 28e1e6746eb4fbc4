# Generated rooms in the layout of ScanNet with normals, for students that were pretrained with them
_base_ = ['./rooms-scannet-det.py']

load_normals = dict(type='LoadNormals')
train_pipeline = [_base_.train_pipeline[0], load_normals, *_base_.train_pipeline[1:]]
test_pipeline = [_base_.test_pipeline[0], load_normals, *_base_.test_pipeline[1:]]
train_dataloader = dict(dataset=dict(dataset=dict(pipeline=train_pipeline)))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
