# One's own scans with boxes as prepare_custom writes them, xyz and rgb, loaded and scored as generated rooms
# are; classes come from the info files, and points need no labels.
_base_ = ['./rooms-det.py']

data_root = 'data/custom/'
classes = ('monitor', 'desk')  # stand for those of the scans

train_pipeline = [
    dict(type='LoadColoredPoints'),
    dict(type='LoadSceneAnnotations'),
    _base_.crop_points,
    _base_.flip_points,
    _base_.turn_points,
    *_base_.pack_boxes,
]
test_pipeline = [dict(type='LoadColoredPoints'), *_base_.pack_points]  # whole scans with all their points

metainfo = dict(classes=classes)
settings = dict(type='CustomDetDataset', data_root=data_root, metainfo=metainfo)
train_set = dict(settings, **_base_.trained, ann_file='custom_infos_train.pkl', pipeline=train_pipeline)
train_dataloader = dict(dataset=dict(type='PresentClassBalancedDataset', dataset=train_set))
val_dataloader = dict(
    dataset=dict(settings, **_base_.tested, ann_file='custom_infos_val.pkl', pipeline=test_pipeline)
)
test_dataloader = val_dataloader
