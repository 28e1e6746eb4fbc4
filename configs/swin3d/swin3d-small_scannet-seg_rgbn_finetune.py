# Swin3D-S on ScanNet from Structured3D weights: 75.6 mIoU, 76.8 with 12 votes (README of microsoft/Swin3D)
_base_ = ['./swin3d-small_scannet-seg_rgbn.py']

# the recipe trains the stem anew: convert with --skip-stem
weights = 'checkpoints/swin3d-small_structured3d-rgbn_no-stem.pth'
model = dict(backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=weights, prefix='backbone.')))
