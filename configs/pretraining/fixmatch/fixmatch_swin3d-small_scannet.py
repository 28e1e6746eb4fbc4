# FixMatch of Swin3D-S: labels of Structured3D, scans of ScanNet without; AdamW as for Swin3D elsewhere
_base_ = ['../../_base_/datasets/scannet-shift-seg.py', '../../_base_/methods/fixmatch-swin3d-small.py']

model = dict(
    model=dict(
        data_preprocessor=dict(voxel_size=_base_.voxel_size),
        decode_head=dict(num_classes=_base_.num_classes),
    )
)
