# LGround on generated rooms, minutes on a CPU: the baseline of supervised pretraining with texts in place of
# its classifier, on the rooms of Structured3D's domain
_base_ = [
    '../../_base_/datasets/rooms-structured3d-seg.py',
    '../../_base_/backbones/swin3d-tiny.py',
    '../../_base_/heads/lground.py',
    '../../_base_/schedules/rooms-seg_600i.py',
]

model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    **_base_.network,
    decode_head=dict(
        in_channels=_base_.width,
        text_table='indoor36_all-minilm-l6-v2.npz',
        class_names='Structured3D',
    ),
)
