# Swin3D-L on ScanNet with colours alone, from scratch. The original publishes no number and no recipe for it:
# the released one has normals as well (swin3d-large_scannet-seg_rgbn.py), the rest is the same.
_base_ = [
    '../_base_/datasets/scannet-seg.py',
    '../_base_/heads/voxel-seg-swin3d-large.py',
    '../_base_/schedules/adamw-cosine_100e.py',
    '../_base_/runtime/default.py',
]

model = dict(
    # y up, as the released weights with colours alone were trained (yz_shift of the S3DIS recipe)
    data_preprocessor=dict(voxel_size=_base_.voxel_size, axes=(0, 2, 1)),
    decode_head=dict(num_classes=20),
)
