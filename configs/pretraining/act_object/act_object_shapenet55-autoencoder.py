# The first stage of ACT as published: the autoencoder around ViT-B/16 on ShapeNet-55, one GPU; leaves
# teacher.pth
_base_ = [
    '../../_base_/datasets/shapenet55-object-clouds.py',
    '../../_base_/heads/act-autoencoder-vit.py',
    '../../_base_/schedules/adamw-cosine-autoencoder_196500i.py',
    '../../_base_/runtime/pretraining.py',
]

custom_hooks = [*_base_.custom_hooks, *_base_.value_schedules]
