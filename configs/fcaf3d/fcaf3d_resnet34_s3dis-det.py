# FCAF3D on a sparse ResNet34 on S3DIS; published, with crops of its own: 66.7 / 45.9
# mAP@.25 / .5 (arXiv 2112.00322)
_base_ = [
    '../_base_/datasets/s3dis-det.py',
    '../_base_/models/resnet34_fcaf3d.py',
    '../_base_/schedules/adamw-steps-det_12e.py',
]

model = dict(bbox_head=dict(num_classes=5))
