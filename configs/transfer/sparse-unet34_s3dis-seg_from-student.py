# SR-UNet34 on S3DIS area 5 from any student: batch 32 (arXiv 2104.04687, section 4.2)
_base_ = ['../_base_/datasets/s3dis-5cm-seg.py', '../_base_/methods/voxel-seg-sparse-unet34_15k.py']

auto_scale_lr = dict(base_batch_size=32)
train_dataloader = dict(batch_size=32, sampler=dict(type='InfiniteSampler', shuffle=True))
model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size), decode_head=dict(num_classes=13))
