# One's own scans as prepare_custom writes them, xyz, rgb and normals, read and augmented as generated rooms
# are; classes, colours and ids come from the info files.
_base_ = ['./rooms-seg.py']

data_root = 'data/custom/'
train_dataloader = dict(
    # endless: a training by iterations may be longer than an epoch of few scans
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        _delete_=True,
        type='CustomSegDataset',
        data_root=data_root,
        ann_file='custom_infos_train.pkl',
        pipeline={{_base_.train_pipeline}},
        ignore_index={{_base_.ignore_index}},
    ),
)
val_dataloader = dict(
    dataset=dict(type='CustomSegDataset', data_root=data_root, ann_file='custom_infos_val.pkl'),
)
test_dataloader = val_dataloader
