# Swin3D-S on ScanNet200 with colours, from scratch. No published number for Swin3D; for comparison SparseUNet
# 25.0 and PTv3 35.3 (arXiv 2503.16429, as scratch references).
_base_ = [
    '../_base_/datasets/scannet200-seg.py',
    '../_base_/heads/voxel-seg-swin3d-small.py',
    '../_base_/schedules/adamw-cosine_100e.py',
    '../_base_/runtime/default.py',
]

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size), decode_head=dict(num_classes=200))
