# PointContrast with Swin3D-S and its decoder on crops of ScanNet's scans; AdamW as for Swin3D elsewhere (the
# paper's SGD is for a convolutional student)
_base_ = ['../../_base_/datasets/scannet-crops.py', '../../_base_/methods/point-contrast-swin3d-small.py']

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size), matcher=dict(radius=1.5 * _base_.voxel_size)
)
auto_scale_lr = dict(base_batch_size=16)
train_dataloader = dict(batch_size=2)  # two views of each on a device
