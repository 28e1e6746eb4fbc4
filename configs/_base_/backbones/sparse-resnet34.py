# The sparse ResNet34 of FCAF3D (arXiv 2112.00322; mmdetection3d, configs/_base_/models/fcaf3d), on colours
inputs = dict(features=('rgb',), signals=('xyz',))
encoder = dict(type='SparseResNet34', in_channels=3, channels=[64, 128, 256, 512])
