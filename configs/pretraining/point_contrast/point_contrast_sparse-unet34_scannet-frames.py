# The paper's recipe: SR-UNet34 on pairs of frames of ScanNet, eight GPUs (arXiv 2007.10985, 3.3 and 3.4)
_base_ = [
    '../../_base_/datasets/scannet-frame-pairs.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/heads/point-contrast.py',
    '../../_base_/schedules/sgd-steps_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    head=dict(in_channels=_base_.width),
    matcher=dict(radius=1.5 * _base_.voxel_size),
)
