# SimIPU (arXiv 2112.04680; github.com/zhyever/SimIPU): MLPs of three layers with a batch norm behind the
# last, 128 dimensions, temperature 0.07, both terms alike. A config adds the networks, their widths and the
# radius of a pair of voxels.
mlp = dict(type='ProjectionHead', hidden_channels=128, out_channels=128, num_layers=3, norm_out=True)
model = dict(
    type='SimIPU',
    data_preprocessor=dict(type='ViewPreprocessor'),
    view_matcher=dict(type='RadiusMatcher', max_pairs=2048),
    view_head=mlp,
    matcher=dict(type='OnePixelPerVoxel', max_pairs=2048),
    pixel_head=mlp,
    point_head=mlp,
    criterion=dict(type='InfoNCE', temperature=0.07),
)
