# PointContrast on pairs of any posed frames (tools prepare_rgbd_frames)
_base_ = ['../../_base_/datasets/any-frame-pairs.py', '../../_base_/methods/point-contrast-swin3d-tiny.py']

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size), matcher=dict(radius=1.5 * _base_.voxel_size)
)
