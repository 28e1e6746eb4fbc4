# Swin3D-L on ScanNet with colours alone, from Structured3D weights. No published number: the released model
# has normals as well (swin3d-large_scannet-seg_rgbn_finetune.py: 76.2).
_base_ = ['./swin3d-large_scannet-seg.py']

# the ScanNet recipe trains the stem anew (skip_first_conv): convert with --skip-stem
weights = 'checkpoints/swin3d-large_structured3d-rgb_no-stem.pth'
model = dict(backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=weights, prefix='backbone.')))
