# Point prompt training of the tiny Swin3D, within minutes on a CPU; a recipe adds data, voxels and conditions
_base_ = [
    '../backbones/swin3d-tiny.py',
    '../heads/ppt.py',
    '../schedules/rooms-seg_1400i.py',
]

model = dict(
    model=dict(
        data_preprocessor=_base_.inputs,
        **_base_.network,
        decode_head=dict(in_channels=_base_.width),
    ),
)
