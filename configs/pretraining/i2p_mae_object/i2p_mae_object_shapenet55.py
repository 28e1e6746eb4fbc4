# The paper's recipe: ShapeNet-55, CLIP ViT-B/16, one GPU (arXiv 2212.06785, section 4.1)
_base_ = [
    '../../_base_/datasets/shapenet55-objects.py',
    '../../_base_/heads/i2p-mae-object-clip.py',
    '../../_base_/schedules/adamw-cosine-objects_196500i.py',
    '../../_base_/runtime/pretraining.py',
]
