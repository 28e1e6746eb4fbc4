# A sparse U-Net that trains on two CPU cores within minutes, on colours and normals, for the generated rooms:
# as wide as Swin3D-tiny, with a block a level
inputs = dict(features=('rgb', 'normal'), signals=('xyz', 'rgb', 'normal'))
encoder = dict(
    type='SparseResUNet',
    in_channels=6,
    stem_channels=32,
    encoder_channels=[64, 128, 192, 256],
    decoder_channels=[192, 128, 64, 32],
    encoder_blocks=[1, 1, 1, 1],
    decoder_blocks=[1, 1, 1, 1],
)
network = dict(backbone=encoder, neck=None)
width = 32  # of the decoder's finest level
