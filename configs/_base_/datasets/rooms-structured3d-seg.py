# Generated rooms in the layout of Structured3D, 25 classes, which lie beside those of S3DIS; an endless
# sampler, as a training by iterations has no epochs
_base_ = ['./rooms-seg.py']

settings = dict(type='Structured3DDataset', data_root='data/rooms/../structured3d/')
train_dataloader = dict(
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(dataset=dict(settings, ann_file='structured3d_infos_train.pkl')),
)
val_dataloader = dict(dataset=dict(settings, ann_file='structured3d_infos_val.pkl'))
test_dataloader = val_dataloader
