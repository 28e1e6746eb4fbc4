# Generated rooms in the layout of ScanNet, boxes of 18 classes, xyz and rgb:
# python -m swin3d_mmdet3d.tools.make_rooms --domain scannet \
#     --out data/rooms_scannet --rooms 160 --points 30000
_base_ = ['./rooms-det.py']

data_root = 'data/rooms_scannet/'

train_pipeline = [
    *_base_.load_points,
    _base_.align_points,
    _base_.crop_points,
    *_base_.augment_points,
]
# whole scenes with all their points
test_pipeline = [dict(type='LoadColoredPoints'), _base_.align_points, *_base_.pack_points]

settings = dict(type='ScanNetDetDataset', data_root=data_root)
train_set = dict(settings, **_base_.trained, ann_file='scannet_infos_train.pkl', pipeline=train_pipeline)
train_dataloader = dict(
    dataset=dict(
        type='PresentClassBalancedDataset',  # beds and bathtubs stand in every fifth room
        dataset=train_set,
    )
)
val_dataloader = dict(
    dataset=dict(settings, **_base_.tested, ann_file='scannet_infos_val.pkl', pipeline=test_pipeline)
)
test_dataloader = val_dataloader
