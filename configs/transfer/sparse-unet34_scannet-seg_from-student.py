# SR-UNet34 on ScanNet from any student: voxels, rate and iterations of PointContrast's fine-tuning (its
# downstream/semseg/scripts/train_scannet_ddp_ssl.sh), 6 scenes on each of 8 GPUs
_base_ = [
    '../_base_/datasets/scannet-seg.py',
    '../_base_/backbones/sparse-unet34.py',
    '../_base_/heads/voxel-seg.py',
    '../_base_/schedules/sgd-poly_15k.py',
    '../_base_/runtime/default.py',
    '../_base_/runtime/student.py',
]

auto_scale_lr = dict(base_batch_size=48)
train_dataloader = dict(batch_size=6, sampler=dict(type='InfiniteSampler', shuffle=True))
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=dict(_base_.encoder, init_cfg=_base_.encoder_weights),
    decode_head=dict(in_channels=_base_.width, num_classes=20),
    test_cfg=dict(_delete_=True, mode='whole'),
)
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=5000))
log_processor = dict(by_epoch=False)
