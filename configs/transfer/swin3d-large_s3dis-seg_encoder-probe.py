# Linear probe: what the levels of a student's encoder know of S3DIS's classes; one linear layer is trained
_base_ = ['./swin3d-large_s3dis-seg_probe.py']

model = dict(
    neck=dict(_delete_=True, type='LevelConcat'),
    decode_head=dict(in_channels=sum(_base_.encoder.channels)),
)
