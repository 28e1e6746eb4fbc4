# MD with SR-UNet34 on ScanNet, with the optimiser of PointContrast (the paper's student is DGCNN, on objects)
_base_ = [
    '../../_base_/datasets/scannet-clouds.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/heads/md.py',
    '../../_base_/schedules/sgd-steps_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    decoder=dict(in_channels=_base_.width, hint_in_channels=6),
)
