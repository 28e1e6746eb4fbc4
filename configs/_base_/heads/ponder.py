# Ponder (arXiv 2301.00157, 2310.08586) without labels; numbers of the release of PonderV2 (aad65d6),
# configs/scannet/pretrain-ponder-spunet-v1m1-0-base. It has 96 samples of a ray and 36 more where they are
# needed; here the measured depth says where. A config adds the student and the volume's `in_channels`, cell
# and shape.
model = dict(
    type='Ponder',
    data_preprocessor=dict(type='ViewPreprocessor'),
    volume=dict(type='VoxelVolume', out_channels=128, channels=32, num_levels=4),
    renderer=dict(
        type='SurfaceRenderer',
        in_channels=128,
        hidden_channels=128,
        geometry_channels=64,
        num_samples=132,
        near_range=0.2,
        margin=0.3,
        sharpness=0.3,
    ),
    loss_weights=dict(color=10.0, depth=1.0, surface=10.0, free_space=1.0, eikonal=0.01),
    truncation=0.15,
    eikonal_share=0.1,
)
