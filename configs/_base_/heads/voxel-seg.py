# Segmentation of voxels; a config adds backbone, decoder, their width and the number of classes
model = dict(
    type='VoxelSegmentor',
    data_preprocessor=dict(type='VoxelPreprocessor'),
    decode_head=dict(type='VoxelSegHead'),
    # large scenes: the same labels for less memory
    test_cfg=dict(mode='chunks', chunk_size=4.0, max_voxels=400000),
)
