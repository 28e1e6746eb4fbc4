# PointContrast (arXiv 2007.10985, section 3.3): 32 dimensions, 4096 pairs; the temperature of its training
# script. A config adds the student, its width, and the radius of a pair, 1.5 voxels.
model = dict(
    type='PointContrast',
    data_preprocessor=dict(type='ViewPreprocessor'),
    head=dict(type='ProjectionHead', out_channels=32),
    matcher=dict(type='RadiusMatcher', max_pairs=4096),
    criterion=dict(type='InfoNCE', temperature=0.4),
)
