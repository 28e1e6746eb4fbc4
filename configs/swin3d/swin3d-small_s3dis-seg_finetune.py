# Swin3D-S on S3DIS from Structured3D weights: 73.0 mIoU on area 5, 78.2 over six folds (README of
# microsoft/Swin3D)
_base_ = ['./swin3d-small_s3dis-seg.py']

train_dataloader = dict(dataset=dict(times=6))  # loop of config/s3dis/swin3D_RGB_S.yaml
weights = 'checkpoints/swin3d-small_structured3d-rgb.pth'
model = dict(backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=weights, prefix='backbone.')))
