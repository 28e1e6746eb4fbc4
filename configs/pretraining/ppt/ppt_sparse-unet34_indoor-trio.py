# Point prompt training of the sparse U-Net: network, rates and batches of the released recipe (arXiv
# 2308.09718; Pointcept, s3dis/semseg-ppt-v1m1-0-s3-sc-st-spunet, SpUNet-v1m3). projects/ppt/README.md has
# what differs.
_base_ = [
    '../../_base_/datasets/indoor-trio-seg.py',
    '../../_base_/heads/ppt.py',
    '../../_base_/schedules/sgd-onecycle_100e.py',
    '../../_base_/runtime/default.py',
]

model = dict(
    conditions=_base_.conditions,
    model=dict(
        data_preprocessor=dict(voxel_size=_base_.voxel_size, features=('rgb', 'normal')),
        backbone=dict(type='SpUNet34', in_channels=6),
        decode_head=dict(in_channels=96, class_names={name: name for name in _base_.conditions}),
    ),
)
# norms of other data sets have no gradient in a step
find_unused_parameters = True
default_hooks = dict(checkpoint=dict(save_best='mean/miou'))
