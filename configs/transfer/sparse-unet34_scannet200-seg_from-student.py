# SR-UNet34 on ScanNet200 from any student: rates, batches and augmentation of LGround's release (arXiv
# 2204.07761)
_base_ = [
    '../_base_/datasets/scannet200-elastic-seg.py',
    '../_base_/heads/voxel-seg-sparse-unet34.py',
    '../_base_/schedules/sgd-steps_400e.py',
    '../_base_/runtime/default.py',
]

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size), decode_head=dict(num_classes=200))
