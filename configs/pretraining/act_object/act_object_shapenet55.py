# The second stage of ACT as published: the student on ShapeNet-55, one GPU
_base_ = [
    '../../_base_/datasets/shapenet55-whole-object-clouds.py',
    '../../_base_/heads/act-object-vit.py',
    '../../_base_/schedules/adamw-cosine-objects_122700i.py',
    '../../_base_/runtime/pretraining.py',
]
