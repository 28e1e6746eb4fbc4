# SR-UNet34 (arXiv 2007.10985, section 3.3), on colours; encoder and decoder are one module
inputs = dict(features=('rgb',), signals=('xyz', 'rgb'))  # it reads no signal; augmented views do
encoder = dict(type='SparseUNet34', in_channels=3)
decoder = None
network = dict(backbone=encoder)
width = 96
all_levels = dict(out_indices=(0, 1, 2, 3, 4))
level_widths = [96, 96, 128, 256, 256]  # fine to coarse
encoder_alone = dict(decode=False, **all_levels)
encoder_width = 512  # of its levels together: 32, 32, 64, 128 and 256
