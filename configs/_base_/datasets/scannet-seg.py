# ScanNet, 20 classes, xyz and rgb.
# Numbers: ScanNet fine-tuning of Swin3D_Task (arXiv 2304.06906), datasets/scannet_v2.py, train.py,
# config/scannetv2; its released model takes normals as well (scannet-normal-seg.py), the rest is the same.
# Pointcept's recipe (600 epochs in batches of 12, OneCycle) has elastic, chromatic, Mix3D and flip
# augmentations besides.
_base_ = ['./indoor-seg.py']

data_root = 'data/scannet/'
voxel_size = 0.02  # m
max_voxels = 120000
submission_infos = 'scannet_infos_test.pkl'  # what `test --submission` labels

augment_points = [
    _base_.turn_points,
    dict(type='PositiveShift'),
    dict(type='GridSample', voxel_size=voxel_size),
    dict(type='SphereCrop', max_points=max_voxels),
    *_base_.pack_points,
]
train_pipeline = [*_base_.load_points, *augment_points]
test_pipeline = [*_base_.load_points, *_base_.evaluate_points]
tta_pipeline = [*_base_.load_points, _base_.vote_points]

settings = dict(type='ScanNetWholeSceneDataset', data_root=data_root, ignore_index=_base_.ignore_index)
# The list of scans is repeated 6 times per epoch (100 epochs), with 3 scans a step, on one GPU.
auto_scale_lr = dict(enable=False, base_batch_size=3)
train_dataloader = dict(
    drop_last=True,
    dataset=dict(
        type='RepeatDataset',
        times=6,
        dataset=dict(settings, ann_file='scannet_infos_train.pkl', pipeline=train_pipeline),
    ),
)
val_dataloader = dict(
    dataset=dict(settings, ann_file='scannet_infos_val.pkl', pipeline=test_pipeline, test_mode=True)
)
test_dataloader = val_dataloader
