# 4DContrast (arXiv 2112.02990, without public code). Projections and predictors are those of SimSiam (arXiv
# 2011.10566, section 3: a bottleneck of a quarter), narrower. A config adds student, sequence network, their
# widths and the radius of a pair, 1.5 voxels.
model = dict(
    type='FourDContrast',
    data_preprocessor=dict(type='ViewPreprocessor'),
    head=dict(type='ProjectionHead', out_channels=96, hidden_channels=96, num_layers=2),
    sequence_head=dict(type='ProjectionHead', out_channels=96, hidden_channels=96, num_layers=2),
    predictor=dict(type='ProjectionHead', in_channels=96, hidden_channels=24, out_channels=96, num_layers=2),
    matcher=dict(type='RadiusMatcher', max_pairs=4096),
    criterion=dict(type='CosineDistance'),
)
