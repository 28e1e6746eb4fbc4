# Swin3D-L on ScanNet from Structured3D weights: 76.2 mIoU, 77.5 with 12 votes (README of microsoft/Swin3D)
_base_ = ['./swin3d-large_scannet-seg_rgbn.py']

# the recipe trains the stem anew: convert with --skip-stem
model = dict(
    backbone=dict(
        init_cfg=dict(
            type='Pretrained',
            checkpoint='checkpoints/swin3d-large_structured3d-rgbn_no-stem.pth',
            prefix='backbone.',
        )
    )
)
