# FCAF3D on a sparse ResNet34 on S3DIS, as published: 66.7 / 45.9 mAP@.25 / .5 at best of five runs, 64.9 /
# 43.8 in the mean (README of samsunglabs/fcaf3d)
_base_ = [
    '../_base_/datasets/s3dis-det-samples.py',
    '../_base_/models/resnet34_fcaf3d.py',
    '../_base_/schedules/adamw-steps-det_12e.py',
]

model = dict(bbox_head=dict(num_classes=5))
