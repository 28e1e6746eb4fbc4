# Swin3D-L on ScanNet with normals, from scratch: 74.2 mIoU (the paper, as quoted in issue 8 of
# microsoft/Swin3D)
_base_ = [
    '../_base_/datasets/scannet-normal-seg.py',
    '../_base_/heads/voxel-seg-swin3d-large-normal.py',
    '../_base_/schedules/adamw-cosine_100e.py',
    '../_base_/runtime/default.py',
]

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size), decode_head=dict(num_classes=20))
