# Linear probe: what SR-UNet34 of a student knows of ScanNet's classes; one linear layer is trained
_base_ = [
    '../_base_/datasets/scannet-seg.py',
    '../_base_/backbones/sparse-unet34.py',
    '../_base_/heads/linear-probe.py',
    '../_base_/schedules/linear-probe_20e.py',
    '../_base_/runtime/default.py',
    '../_base_/runtime/student.py',
]

train_dataloader = dict(dataset=dict(times=1))
model = dict(
    data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
    backbone=dict(_base_.encoder, init_cfg=_base_.encoder_weights),
    decode_head=dict(in_channels=_base_.width, num_classes=20),
    test_cfg=dict(_delete_=True, mode='whole'),
)
