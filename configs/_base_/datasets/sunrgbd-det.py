# SUN RGB-D, boxes of 10 classes with yaw, xyz and rgb, of single views with the camera at the origin.
# Files are those of mmdet3d's converter: 50,000 points a view, colours in 0 .. 1, here in [-1, 1].
# Numbers: FCAF3D as published (mmdetection3d, configs/fcaf3d/fcaf3d_2xb8_sunrgbd-3d-10class).
_base_ = ['./indoor-det.py']

data_root = 'data/sunrgbd/'
voxel_size = 0.02  # m

load_points = [
    dict(type='LoadColoredPoints', max_color=1),
    dict(type='LoadSceneAnnotations', with_bbox_3d=True, with_label_3d=True),
]
augment_points = [
    dict(type='RandomFlip3D', sync_2d=False, flip_ratio_bev_horizontal=0.5),  # left and right alone
    dict(_base_.turn_points, rot_range=[-0.523599, 0.523599], scale_ratio_range=[0.85, 1.15]),
    *_base_.pack_boxes,
]
train_pipeline = [*load_points, dict(type='GridSample', voxel_size=voxel_size), *augment_points]
test_pipeline = [load_points[0], *_base_.pack_points]  # all points of a view

settings = dict(type='SUNRGBDDetDataset', data_root=data_root)
train_set = dict(settings, **_base_.trained, ann_file='sunrgbd_infos_train.pkl', pipeline=train_pipeline)
# The list of views is repeated 3 times per epoch (12 epochs); 16 views a step, on 8 GPUs
auto_scale_lr = dict(enable=False, base_batch_size=16)
train_dataloader = dict(dataset=dict(type='RepeatDataset', times=3, dataset=train_set))
val_dataloader = dict(
    dataset=dict(settings, **_base_.tested, ann_file='sunrgbd_infos_val.pkl', pipeline=test_pipeline)
)
test_dataloader = val_dataloader
