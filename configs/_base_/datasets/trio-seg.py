# Structured3D, ScanNet and S3DIS without area 5 for joint training, xyz, rgb and normals, batches of one data
# set each: what real scans and generated rooms share
_base_ = ['./indoor-mix-seg.py']

# beside the folder of S3DIS
folders = dict(Structured3D='../structured3d/', ScanNet='../scannet/', S3DIS='')
conditions = ['Structured3D', 'ScanNet', 'S3DIS']
s3dis_areas = [f's3dis_infos_Area_{area}.pkl' for area in (1, 2, 3, 4, 6)]
kinds = dict(
    Structured3D='Structured3DDataset', ScanNet='ScanNetWholeSceneDataset', S3DIS='S3DISWholeSceneDataset'
)
train_infos = dict(
    Structured3D='structured3d_infos_train.pkl', ScanNet='scannet_infos_train.pkl', S3DIS=s3dis_areas
)
val_infos = dict(
    Structured3D='structured3d_infos_val.pkl',
    ScanNet='scannet_infos_val.pkl',
    S3DIS='s3dis_infos_Area_5.pkl',
)
meta_keys = ['condition', 'lidar_path']
pack_labels = dict(type='Pack3DDetInputs', keys=['points', 'pts_semantic_mask'], meta_keys=meta_keys)
test_pipelines = {
    name: [
        dict(type='SetCondition', condition=name),
        *_base_.load_points_and_normals,
        *_base_.evaluate_points[:-1],
        dict(type='Pack3DDetInputs', keys=['points'], meta_keys=meta_keys),
    ]
    for name in conditions
}
# what may differ between the sources of a concatenation
ignore_keys = ['dataset', 'categories', 'classes', 'palette', 'label_mapping', 'label2cat']
ignore_keys += ['seg_valid_class_ids', 'seg_all_class_ids']

tta_model = None
val_evaluator = dict(
    type='PerConditionMetric',
    scores={name: dict(type='ConfusionSegMetric') for name in conditions},
    class_names={name: name for name in conditions},
    ignore_index=_base_.ignore_index,
)
test_evaluator = val_evaluator
