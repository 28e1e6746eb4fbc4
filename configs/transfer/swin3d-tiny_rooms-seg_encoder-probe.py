# Linear probe of all levels of a student's encoder on ten generated rooms; one linear layer is trained
_base_ = ['./swin3d-tiny_rooms-seg_probe.py']

model = dict(
    neck=dict(_delete_=True, type='LevelConcat'),
    decode_head=dict(in_channels=sum(_base_.encoder.channels)),
)
