# The 2D side of concept alignment: CLIP ViT-B/16 from a local folder (arXiv 2212.08974, abstract; the size of
# the encoder is ours). A config adds the student and the width of the head's rows.
model = dict(
    type='ConceptAlignment',
    data_preprocessor=dict(type='ViewPreprocessor'),
    teacher=dict(
        type='FrozenImageTeacher',
        backbone=dict(type='TransformersViT', folder='checkpoints/clip-vit-base-patch16'),
        mean=[122.771, 116.746, 104.094],  # as CLIP was trained
        std=[68.5, 66.632, 70.323],
    ),
    head=dict(type='ConceptHead', num_concepts=8, channels=128, num_heads=4, out_channels=512),
    matcher=dict(type='SeenRegions', grid=(3, 4)),
    criterion=dict(type='InfoNCE', temperature=0.07),
)
