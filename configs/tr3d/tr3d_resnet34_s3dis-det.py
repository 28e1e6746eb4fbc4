# TR3D on a sparse ResNet34 on S3DIS; published, with crops of its own: 74.5 / 51.7
# mAP@.25 / .5 (arXiv 2302.02858)
_base_ = [
    '../_base_/datasets/s3dis-det.py',
    '../_base_/models/resnet34_tr3d.py',
    '../_base_/schedules/adamw-steps-det_12e.py',
]

train_dataloader = dict(batch_size=16)
model = dict(bbox_head=dict(label2level=[1, 0, 1, 1, 0]))
