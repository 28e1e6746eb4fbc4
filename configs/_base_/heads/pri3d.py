# Pri3D (arXiv 2104.11225; pretrain/pri3d of github.com/Sekunde/Pri3D): 1,024 pairs, temperature 0.4, pixels
# and voxels compared in 64 dimensions, all terms alike. A config adds the networks and their widths.
model = dict(
    type='Pri3D',
    data_preprocessor=dict(type='ViewPreprocessor'),
    pixel_head=dict(type='PixelProjection'),
    view_matcher=dict(type='SharedVoxelPixels', max_pairs=1024),
    matcher=dict(type='OnePixelPerVoxel', max_pairs=1024),
    pixel_projection=dict(type='ProjectionHead', out_channels=64),
    point_head=dict(type='ProjectionHead', out_channels=64),
    depth_head=dict(type='DepthHead'),
    depth_criterion=dict(type='DepthLoss'),
    criterion=dict(type='InfoNCE', temperature=0.4, symmetric=True),
)
# the contrast of pixels without a network of the cloud and without depth
cloud_parts = ('backbone', 'neck', 'matcher', 'pixel_projection', 'point_head')
pixels_alone = dict.fromkeys((*cloud_parts, 'depth_head', 'depth_criterion'))
