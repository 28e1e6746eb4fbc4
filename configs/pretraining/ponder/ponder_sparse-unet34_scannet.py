# Ponder with SR-UNet34 on ScanNet, on colours, in place of the release's SpUNet on colours and normals; the
# volume has cells of 10 cm, over 9.6 x 9.6 x 3.2 m
_base_ = [
    '../../_base_/methods/ponder-scannet.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/schedules/sgd-onecycle_150k.py',
]

model = dict(data_preprocessor=_base_.inputs, **_base_.network, volume=dict(in_channels=_base_.width))
