# Concerto's 2D side (arXiv 2510.23607; Pointcept, concerto/pretrain-concerto-v1m1-0-base): DINOv2 ViT-g/14
# with registers from a local folder; 10 (1 - cos) with a weight of 4/8. A config adds the levels' width.
_base_ = ['./sonata.py']

model = dict(
    weights=dict(masked=1 / 8, rolled=1 / 8, local=2 / 8),
    image=dict(
        type='PatchDistillation',
        teacher=dict(
            type='FrozenImageTeacher',
            backbone=dict(type='TransformersViT', folder='checkpoints/dinov2-with-registers-giant'),
        ),
        levels=dict(type='LevelConcat', levels=(1, 2, 3, 4)),
        head=dict(type='ProjectionHead', out_channels=1536),
        loss_weight=10 * 4 / 8,
    ),
)
