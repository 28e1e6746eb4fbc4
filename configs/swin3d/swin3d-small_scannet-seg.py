# Swin3D-S on ScanNet with colours alone, from scratch. The original publishes no number and no recipe for it:
# the released one has normals as well (swin3d-small_scannet-seg_rgbn.py), the rest is the same.
_base_ = [
    '../_base_/datasets/scannet-seg.py',
    '../_base_/models/swin3d-small_seg.py',
    '../_base_/schedules/adamw-cosine_100e.py',
    '../_base_/default_runtime.py',
]

# y up, as the released weights with colours alone were trained (yz_shift of the S3DIS recipe)
model = dict(data_preprocessor=dict(axes=(0, 2, 1)))
