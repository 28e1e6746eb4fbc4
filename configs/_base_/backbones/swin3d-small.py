# Swin3D-S with attention in the decoder (arXiv 2304.06906, section 4.1 and its supplement), on colours
signals = ('xyz', 'rgb')
inputs = dict(features=('rgb', 'offset'), signals=signals)
sizes = dict(
    channels=[48, 96, 192, 384, 384],
    num_heads=[6, 6, 12, 24, 24],
    window_sizes=[5, 7, 7, 7, 7],
    quant_size=4,
    signals=signals,
)
encoder = dict(
    type='Swin3D',
    in_channels=6,
    depths=[2, 4, 9, 4, 4],
    down_stride=3,
    knn_down=True,
    stem_transformer=True,
    drop_path_rate=0.3,
    **sizes,
)
decoder = dict(type='Swin3DDecoder', attention=True, up_k=3, **sizes)
network = dict(backbone=encoder, neck=decoder)
width = 48  # of the decoder's finest level

# The released weights for boxes: they were trained with y up, `convert_checkpoint --axes swap-yz` turns them.
z_up_weights = dict(
    type='Pretrained', checkpoint='checkpoints/swin3d-small_structured3d-rgb_z-up.pth', prefix='backbone.'
)
