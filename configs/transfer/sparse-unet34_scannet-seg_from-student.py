# SR-UNet34 on ScanNet from any student: voxels, rate and iterations of PointContrast's fine-tuning (its
# downstream/semseg/scripts/train_scannet_ddp_ssl.sh), 6 scenes on each of 8 GPUs
_base_ = ['../_base_/datasets/scannet-seg.py', '../_base_/methods/voxel-seg-sparse-unet34_15k.py']

auto_scale_lr = dict(base_batch_size=48)
train_dataloader = dict(batch_size=6, sampler=dict(type='InfiniteSampler', shuffle=True))
model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size), decode_head=dict(num_classes=20))
