# Swin3D-S + TR3D on S3DIS from Structured3D weights. A derived recipe without a published figure.
# Convert the released weights with `convert_checkpoint --axes swap-yz`: they were trained with y up.
_base_ = ['../_base_/datasets/s3dis-det.py', '../_base_/methods/tr3d-swin3d-small.py']

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size),
    bbox_head=dict(label2level=[1, 0, 1, 1, 0]),
)
