# Point prompt training of Swin3D-S on Structured3D, ScanNet and S3DIS. The paper has no Swin3D: norms and
# batches are its own (arXiv 2308.09718, section 5), rates are those of Swin3D on Structured3D.
_base_ = [
    '../../_base_/datasets/indoor-trio-seg.py',
    '../../_base_/backbones/swin3d-small-normal.py',
    '../../_base_/heads/ppt.py',
    '../../_base_/schedules/adamw-onecycle_100e.py',
    '../../_base_/runtime/default.py',
]

model = dict(
    conditions=_base_.conditions,
    model=dict(
        data_preprocessor=dict(voxel_size=_base_.voxel_size, **_base_.inputs),
        **_base_.network,
        decode_head=dict(in_channels=_base_.width, class_names={name: name for name in _base_.conditions}),
    ),
)
# Adam moves a scale by a step from each of the embedding's 256 entries at once
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'.modulation.': dict(lr_mult=0.01)}))
# norms of other data sets have no gradient in a step
find_unused_parameters = True
default_hooks = dict(checkpoint=dict(save_best='mean/miou'))
