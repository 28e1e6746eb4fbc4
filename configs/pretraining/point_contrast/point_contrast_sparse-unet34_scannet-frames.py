# The paper's recipe: SR-UNet34 on pairs of frames of ScanNet, eight GPUs (arXiv 2007.10985, 3.3 and 3.4)
_base_ = [
    '../../_base_/datasets/scannet-frame-pairs.py',
    '../../_base_/methods/point-contrast-sparse-unet34.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size), matcher=dict(radius=1.5 * _base_.voxel_size)
)
