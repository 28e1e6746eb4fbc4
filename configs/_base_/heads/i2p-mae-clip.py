# I2P-MAE's 2D side: CLIP ViT-B/16 from a local folder, its class token's attention as saliency (arXiv
# 2212.06785, sections 3.2 and 3.3; cfgs/pre-training/i2p-mae.yaml of its code). A config adds the student,
# the decoder and the cells.
model = dict(
    type='I2PMAE',
    data_preprocessor=dict(type='ViewPreprocessor'),
    teacher=dict(
        type='FrozenImageTeacher',
        backbone=dict(type='TransformersViT', folder='checkpoints/clip-vit-base-patch16', saliency=True),
        out_indices=(0, 1),
        mean=[122.771, 116.746, 104.094],  # as CLIP was trained
        std=[68.5, 66.632, 70.323],
    ),
    saliency=dict(type='AttentionSaliency'),
    masker=dict(type='SalientCells', visible=0.2),  # 13 of 64 tokens
    matcher=dict(type='OnePixelPerVoxel', max_pairs=65536),
    point_head=dict(type='FoldingHead', in_channels=384, num_points=16),
    feature_head=dict(type='ProjectionHead', in_channels=384, out_channels=512),
    # 5 and 1 balance the two at the start
    point_criterion=dict(type='ChamferLoss', loss_weight=5.0),
    feature_criterion=dict(type='mmdet.MSELoss', loss_weight=1.0),
)
# what ACT changes: random masks, no points, a distance of its own at cells that are hidden
act = dict(
    masker=dict(temperature=float('inf')),
    point_head=None,
    point_criterion=None,
    feature_criterion=dict(type='CosineDistance'),
    feature_at='hidden',
)
