# MM-3DScene with Swin3D-S; the schedule follows the size of the data set
_base_ = ['../backbones/swin3d-small.py', '../heads/mm-3dscene.py', '../runtime/pretraining.py']

model = dict(data_preprocessor=_base_.inputs, **_base_.network, channels=_base_.sizes['channels'])
