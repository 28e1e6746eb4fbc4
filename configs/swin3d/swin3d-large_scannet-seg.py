# Swin3D-L on ScanNet with colours alone, from scratch. The original publishes no number and no recipe for it:
# the released one has normals as well (swin3d-large_scannet-seg_rgbn.py), the rest is the same.
_base_ = [
    '../_base_/datasets/scannet-seg.py',
    '../_base_/backbones/swin3d-large.py',
    '../_base_/heads/voxel-seg.py',
    '../_base_/schedules/adamw-cosine_100e.py',
    '../_base_/runtime/default.py',
]

# y up, as the released weights with colours alone were trained (yz_shift of the S3DIS recipe)
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, axes=(0, 2, 1), **_base_.inputs),
    backbone=_base_.encoder,
    neck=_base_.decoder,
    decode_head=dict(in_channels=_base_.width, num_classes=20),
)
