# Objects of rooms for pretraining, with pictures of them along three axes
_base_ = ['./rooms-object-clouds.py']

render = dict(type='RenderAxisViews', size=64)
train_pipeline = [*_base_.train_pipeline[:-1], render, _base_.train_pipeline[-1]]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
