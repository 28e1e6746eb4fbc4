# The paper's recipe: SR-UNet34 on every 25th frame of ScanNet, one V100 (arXiv 2104.04687, section 4.1)
_base_ = [
    '../../_base_/datasets/scannet-frames.py',
    '../../_base_/backbones/sparse-unet34.py',
    '../../_base_/heads/ppkt-resnet50.py',
    '../../_base_/schedules/sgd-cosine_60k.py',
    '../../_base_/runtime/pretraining.py',
]

model = dict(
    data_preprocessor=dict(type='ViewPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    point_head=dict(type='ProjectionHead', in_channels=_base_.width, out_channels=128),
)
