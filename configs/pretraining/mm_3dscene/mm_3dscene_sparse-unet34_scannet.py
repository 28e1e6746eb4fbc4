# MM-3DScene with SR-UNet34 on ScanNet
_base_ = [
    '../../_base_/datasets/scannet-clouds.py',
    '../../_base_/methods/mm-3dscene-sparse-unet34.py',
    '../../_base_/schedules/adamw-steps_45000i.py',
]

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
