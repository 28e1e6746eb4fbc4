# C2P (arXiv 2212.05330): temperature, weights and predictors as released; the moving average is ours.
# A config adds the student, its width, which the predictors keep, and the radius of a pair.
model = dict(
    type='C2P',
    data_preprocessor=dict(type='ViewPreprocessor'),
    matcher=dict(type='RadiusMatcher', max_pairs=4096),
    criterion=dict(type='InfoNCE', temperature=0.07),
    predictor=dict(type='ProjectionHead', num_layers=2),
    momentum=0.99,
    frame_weight=1.0,
)
