# Swin3D-S on colours and normals
_base_ = ['./swin3d-small.py']

signals = ('xyz', 'rgb', 'normal')
inputs = dict(features=('rgb', 'normal', 'offset'), signals=signals)
encoder = dict(in_channels=9, signals=signals)
decoder = dict(signals=signals)
network = dict(backbone=encoder, neck=decoder)
