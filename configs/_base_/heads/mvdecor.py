# MvDeCor (arXiv 2208.08580; github.com/nv-tlabs/MvDeCor): 64 dimensions, 4,000 pairs, temperature 0.07. A
# config adds the image network and its widths.
model = dict(
    type='MvDeCor',
    data_preprocessor=dict(type='ViewPreprocessor'),
    pixel_head=dict(type='PixelProjection', out_channels=64),
    matcher=dict(type='SharedVoxelPixels', max_pairs=4000),
    criterion=dict(type='InfoNCE', temperature=0.07, symmetric=True),
)
