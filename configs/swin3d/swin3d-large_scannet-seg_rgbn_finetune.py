# Swin3D-L on ScanNet from Structured3D weights: 76.2 mIoU, 77.5 with 12 votes, 77.9 on the test server
# (README of microsoft/Swin3D; that of Swin3D_Task says 76.4 without votes)
_base_ = ['./swin3d-large_scannet-seg_rgbn.py']

# the recipe trains the stem anew: convert with --skip-stem
weights = 'checkpoints/swin3d-large_structured3d-rgbn_no-stem.pth'
model = dict(backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=weights, prefix='backbone.')))
