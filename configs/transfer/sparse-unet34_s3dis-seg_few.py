# Few labels: SR-UNet34 on the first rooms of S3DIS without the test area, from any student
_base_ = ['./sparse-unet34_s3dis-seg_from-student.py']

train_dataloader = dict(dataset=dict(dataset=dict(indices=_base_.scenes)))
