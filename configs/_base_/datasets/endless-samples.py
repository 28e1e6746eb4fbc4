# Samples without end and without labels: what all data sets of pretraining share
pi = 3.141592653589793

train_dataloader = dict(
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
)
