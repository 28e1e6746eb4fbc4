# Concept alignment with SR-UNet34 as the student, on frames of ScanNet
_base_ = [
    '../../_base_/datasets/scannet-frames.py',
    '../../_base_/methods/concept-alignment-sparse-unet34.py',
]

model = dict(data_preprocessor=dict(voxel_size=_base_.voxel_size))
