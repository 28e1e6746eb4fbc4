# MM-3DScene with SR-UNet34 on S3DIS
_base_ = [
    '../../_base_/datasets/s3dis-clouds.py',
    '../../_base_/methods/mm-3dscene-sparse-unet34.py',
    '../../_base_/schedules/adamw-steps_9550i.py',
]

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
