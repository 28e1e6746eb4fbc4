# FixMatch of Swin3D-S; AdamW as for Swin3D elsewhere
_base_ = [
    '../backbones/swin3d-small.py',
    '../heads/fixmatch.py',
    '../schedules/adamw-cosine_60k.py',
    '../runtime/default.py',
]

model = dict(
    model=dict(data_preprocessor=_base_.inputs, **_base_.network, decode_head=dict(in_channels=_base_.width))
)
train_cfg = dict(val_interval=5000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=5000))
log_processor = dict(by_epoch=False)
