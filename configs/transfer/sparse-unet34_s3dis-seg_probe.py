# Linear probe: what SR-UNet34 of a student knows of S3DIS's classes; one linear layer is trained
_base_ = ['../_base_/datasets/s3dis-5cm-seg.py', '../_base_/methods/probe-sparse-unet34.py']

train_dataloader = dict(dataset=dict(times=1))
model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size), decode_head=dict(num_classes=13))
