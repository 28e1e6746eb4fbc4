# Generated rooms with boxes, xyz and rgb: what both layouts share. The network takes means of voxels, in
# training as in tests.
_base_ = ['./indoor-det.py']

max_points = 12000  # of a training sample
crop_points = dict(type='BoxKeepingCrop', max_points=max_points)

auto_scale_lr = dict(enable=False, base_batch_size=2)
train_dataloader = dict(
    num_workers=0,  # of two cores, a worker would take its share from the training
    persistent_workers=False,
    # endless: a training by iterations has no epochs
    sampler=dict(type='InfiniteSampler', shuffle=True),
)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = val_dataloader
