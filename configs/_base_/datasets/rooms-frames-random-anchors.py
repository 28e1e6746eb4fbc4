# Generated rooms for pretraining with crops around any point, also where no frame shows one
_base_ = ['./rooms-frames.py']

train_pipeline = [
    dict(step, anchor='random') if step['type'] == 'SphereCrop' else step for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
