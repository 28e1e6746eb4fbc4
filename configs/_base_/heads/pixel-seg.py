# Segmentation of pixels and the vote of the images on the points (arXiv 2208.08580: 64 dimensions; power 20
# of its release); a config adds the image network and its widths
model = dict(
    type='PixelSegmentor',
    data_preprocessor=dict(type='VoxelPreprocessor'),
    pixel_head=dict(type='PixelProjection', out_channels=64),
    decode_head=dict(type='VoxelSegHead', in_channels=64),
    vote=dict(type='ViewVote', power=20.0),
)
