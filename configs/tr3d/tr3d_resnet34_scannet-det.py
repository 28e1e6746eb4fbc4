# TR3D on a sparse ResNet34 on ScanNet; published, with crops of its own: 72.9 / 59.3
# mAP@.25 / .5 (arXiv 2302.02858)
_base_ = [
    '../_base_/datasets/scannet-det.py',
    '../_base_/models/resnet34_tr3d.py',
    '../_base_/schedules/adamw-steps-det_12e.py',
]

train_dataloader = dict(batch_size=16, dataset=dict(times=15))
