# DPCo with SR-UNet34 as the student, on frames of ScanNet; the rate of the release
_base_ = [
    '../../_base_/datasets/scannet-depth.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/heads/dpco.py',
    '../../_base_/schedules/sgd-cosine_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    cloud_code=dict(in_channels=_base_.width),
    point_head=dict(in_channels=_base_.width),
)
optim_wrapper = dict(optimizer=dict(lr=0.03, dampening=0.0))
