# Point prompt training of Swin3D-S on Structured3D, ScanNet and S3DIS. The paper has no Swin3D: norms and
# batches are its own (arXiv 2308.09718, section 5), rates are those of Swin3D on Structured3D.
_base_ = [
    '../../_base_/datasets/indoor-trio-seg.py',
    '../../_base_/backbones/swin3d-small-normal.py',
    '../../_base_/schedules/adamw-onecycle_100e.py',
    '../../_base_/runtime/default.py',
]

model = dict(
    type='PPT',
    conditions=_base_.conditions,
    norms='both',
    model=dict(
        type='VoxelSegmentor',
        data_preprocessor=dict(type='VoxelPreprocessor', voxel_size=_base_.voxel_size, **_base_.inputs),
        backbone=_base_.encoder,
        neck=_base_.decoder,
        decode_head=dict(
            type='LanguageAlignedHead',
            in_channels=_base_.width,
            text_table='indoor36_all-minilm-l6-v2.npz',
            logit_scale=25.0,  # MiniLM's names lie farther apart than CLIP's, whose scale is 100
            class_names={name: name for name in _base_.conditions},
        ),
    ),
)
# Adam moves a scale by a step from each of the embedding's 256 entries at once
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'.modulation.': dict(lr_mult=0.01)}))
# norms of other data sets have no gradient in a step
find_unused_parameters = True
default_hooks = dict(checkpoint=dict(save_best='mean/miou'))
custom_hooks = [dict(type='ConditionLossHook'), dict(type='ExportHook')]
