# Swin3D-S with attention in the decoder (arXiv 2304.06906, section 4.1 and its supplement)
signals = ('xyz', 'rgb')
sizes = dict(
    channels=[48, 96, 192, 384, 384],
    num_heads=[6, 6, 12, 24, 24],
    window_sizes=[5, 7, 7, 7, 7],
    quant_size=4,
    signals=signals,
)
model = dict(
    type='VoxelSegmentor',
    data_preprocessor=dict(
        type='VoxelPreprocessor', voxel_size=0.02, features=('rgb', 'offset'), signals=signals
    ),
    backbone=dict(
        type='Swin3D',
        in_channels=6,
        depths=[2, 4, 9, 4, 4],
        down_stride=3,
        knn_down=True,
        stem_transformer=True,
        drop_path_rate=0.3,
        **sizes,
    ),
    neck=dict(type='Swin3DDecoder', attention=True, up_k=3, **sizes),
    decode_head=dict(type='VoxelSegHead', in_channels=48, num_classes=20),
    # large scenes: the same labels for less memory
    test_cfg=dict(mode='chunks', chunk_size=4.0, max_voxels=400000),
)
