# A linear classifier of the frozen maps of an image network, side by side at each pixel, and the vote of the
# images on the points; a config adds the network and the sum of its widths
model = dict(
    type='PixelSegmentor',
    data_preprocessor=dict(type='VoxelPreprocessor'),
    decode_head=dict(type='LinearProbeHead'),
    vote=dict(type='ViewVote'),
)
custom_hooks = [dict(type='FreezeHook', names=['image'])]
