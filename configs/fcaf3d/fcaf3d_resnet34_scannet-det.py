# FCAF3D on a sparse ResNet34 on ScanNet; published, with crops of its own: 71.5 / 57.3
# mAP@.25 / .5 (arXiv 2112.00322)
_base_ = [
    '../_base_/datasets/scannet-det.py',
    '../_base_/models/resnet34_fcaf3d.py',
    '../_base_/schedules/adamw-steps-det_12e.py',
]
