# Swin3D-L: the depths and windows of S, wider (arXiv 2304.06906, section 4.1 and its supplement), on colours
_base_ = ['./swin3d-small.py']

sizes = dict(channels=[80, 160, 320, 640, 640], num_heads=[10, 10, 20, 40, 40])
encoder = sizes
decoder = sizes
network = dict(backbone=encoder, neck=decoder)
width = 80
z_up_weights = dict(checkpoint='checkpoints/swin3d-large_structured3d-rgb_z-up.pth')
