# IAE (arXiv 2201.00785); numbers of the release, configs/scannet/dgcnn_semseg.yaml and src/dfnet. Its clouds
# are 4,096 points of 100,000; here half of the voxels are seen. A config adds the student and the volume's
# `in_channels`, cell and shape.
model = dict(
    type='IAE',
    data_preprocessor=dict(type='ViewPreprocessor'),
    masker=dict(type='RandomVoxels', visible=(0.5, 0.5), gap=0.0),
    volume=dict(type='VoxelVolume', out_channels=256, channels=32, num_levels=4),
    field=dict(type='DistanceField', in_channels=256, hidden_channels=32, num_blocks=5),
)
