# Swin3D-L on S3DIS from Structured3D weights: 74.5 mIoU on area 5, 79.8 over six folds (README of
# microsoft/Swin3D)
_base_ = ['./swin3d-large_s3dis-seg.py']

train_dataloader = dict(dataset=dict(times=10))  # loop of config/s3dis/swin3D_RGB_L.yaml
weights = 'checkpoints/swin3d-large_structured3d-rgb.pth'
model = dict(backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=weights, prefix='backbone.')))
