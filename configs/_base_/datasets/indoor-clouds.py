# Indoor scans without labels, a cloud a sample: what the data sets of pretraining on one cloud share. Each
# adds its files, voxel size and crop.
# Augmentation: release of MM-3DScene (arXiv 2212.09948), tool/pretrain.py and util/dataset_pretrain.py of its
# segmentation. It turns no scan. The paper does not speak of the erased box.
_base_ = ['./endless-samples.py']

load_points = [dict(type='LoadColoredPoints')]
load_points_and_normals = [load_points[0], dict(type='LoadNormals')]
scale_points = dict(type='GlobalRotScaleTrans', rot_range=[0.0, 0.0], scale_ratio_range=[0.9, 1.1])
change_colors = [
    dict(type='ChromaticAutoContrast', prob=0.2),
    dict(type='ChromaticTranslation', prob=0.95, ratio=0.05),
    dict(type='ChromaticJitter', prob=0.95, std=0.005),
]
turn_hues = dict(type='ColorJitter', brightness=0, contrast=0, saturation=0.2, hue=0.5, prob=1.0)
augment_scan = [*load_points, scale_points, *change_colors, turn_hues, dict(type='PositiveShift')]
pack_points = [
    dict(type='RandomBoxErasing', extent=(1 / 3, 1.0), min_points=1024),
    dict(type='NormalizeColorSigned'),
    dict(type='PackPretrainInputs'),
]
